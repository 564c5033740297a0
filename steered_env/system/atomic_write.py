"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STEM = 40
"""Characters of the file's own name in that of its temporary file: of four bytes each they still leave room."""


@contextmanager
def atomic_file(path: str | os.PathLike[str], *, make_folder: bool = False) -> Iterator[Path]:
    """Yield a temporary path that takes the place of ``path`` when the block ends, and vanishes when it raises.

    So a reader, a crash or a full disk never meets half a file. As with ``open``, a new file gets the permissions that
    the umask leaves, one that was there keeps its own, and a symbolic link is written through.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_file(folder / "a.txt") as temporary:
        ...     _ = temporary.write_text("all of it", encoding="utf-8")
        >>> [file.name for file in folder.iterdir()]
        ['a.txt']

    Args:
        path: File to write; its folder must exist, or can be made.
        make_folder: Make the folder first, with its parents.

    Yields:
        A path with the same suffix.

    Raises:
        OSError: if it cannot be written, or is a device or a pipe, whose place no file may take; names ``path``, not
            the temporary file.
    """
    asked, target = Path(path), Path(os.path.realpath(path))
    temporary = _temporary(asked, target, make_folder)
    try:
        mode = _mode(asked, target, temporary)
        yield temporary
        temporary.chmod(mode)
        temporary.replace(target)
    except OSError as error:
        # a full disk names no file; an error without a number is not of the system
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, error.strerror, str(asked)) from None
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(asked: Path, target: Path, make_folder: bool) -> Path:
    """A new empty file beside ``target``, with the permissions that the umask leaves."""
    try:
        if make_folder:
            target.parent.mkdir(parents=True, exist_ok=True)
        while True:
            name = f".{target.stem[:_STEM]}.{secrets.token_hex(4)}{target.suffix}"
            try:
                os.close(os.open(target.parent / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            except FileExistsError:
                continue
            return target.parent / name
    except FileExistsError:  # a parent is a file
        raise NotADirectoryError(errno.ENOTDIR, "cannot be written, its folder is a file", str(asked)) from None
    except OSError as error:
        raise OSError(error.errno, f"cannot be written ({error.strerror})", str(asked)) from None


def _mode(asked: Path, target: Path, temporary: Path) -> int:
    """The permissions of the file that is replaced, or else of the new one."""
    try:
        status = target.stat()
    except OSError:
        return stat.S_IMODE(temporary.stat().st_mode)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "cannot be written, it is a directory", str(asked))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "cannot be written, it is no regular file", str(asked))
    return stat.S_IMODE(status.st_mode)
