"""Keep files that this program did not write from being written over."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path


def refuse_foreign_files(folder: Path, names: Iterable[str], *, marker: str) -> None:
    """Refuse a folder in which files would be written over that somebody else put there.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> refuse_foreign_files(folder, ["results.csv"], marker="evaluation.json")
        >>> (folder / "results.csv").touch()
        >>> refuse_foreign_files(folder, ["results.csv"], marker="evaluation.json")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        FileExistsError: [Errno 17] it is of somebody else, ...

    Args:
        folder: Folder that files are about to be written into; need not exist.
        names: Names of those files.
        marker: A file that this program writes before any of them: where it is, they are this program's own.

    Raises:
        FileExistsError: if one of them is there, and the marker is not.
    """
    if (folder / marker).is_file():
        return
    for path in (folder / name for name in names):
        if path.exists() or path.is_symlink():
            why = f"it is of somebody else, since there is no {marker} beside it, and would be written over: "
            raise FileExistsError(errno.EEXIST, why + "choose another folder, or move it away", str(path))
