"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MODE = 0o644


@contextmanager
def whole_file(path: str | os.PathLike[str], *, make_folder: bool = False) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends, and vanishes when it raises.

    So a reader, a crash or a full disk never meets half a file.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with whole_file(folder / "a.txt") as temporary:
        ...     _ = temporary.write_text("all of it")
        >>> [file.name for file in folder.iterdir()]
        ['a.txt']

    Args:
        path: what to write; its folder must exist, or can be made.
        make_folder: make the folder first, with its parents.

    Yields:
        A path with the same suffix.

    Raises:
        OSError: if it cannot be written; names ``path``, not the temporary file.
    """
    target = Path(path)
    temporary = _temporary(target, make_folder)
    try:
        yield temporary
        temporary.chmod(_MODE)
        temporary.replace(target)
    except OSError as error:
        # a full disk names no file; an error without a number is not of the system
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, error.strerror, str(target)) from None
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(target: Path, make_folder: bool) -> Path:
    """A new empty file beside ``target``."""
    try:
        if make_folder:
            target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}.", suffix=target.suffix)
    except FileExistsError:  # a parent is a file
        raise NotADirectoryError(errno.ENOTDIR, "cannot be written, its folder is a file", str(target)) from None
    except OSError as error:
        raise OSError(error.errno, f"cannot be written ({error.strerror})", str(target)) from None
    os.close(handle)
    return Path(name)
