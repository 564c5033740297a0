"""Zip archives from others, unpacked in memory only where what they declare is of a reasonable size."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

MOST_UNPACKED = 2**28
"""Bytes that a small archive may become: a full-size network with its optimizer has 44 million."""
MOST_DESCRIBED = 2**24
"""The same for pickles and JSON, each byte of which may become an object of 64."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Of the others zipfile cannot unpack a part alone, so that the size that they declare limits nothing."""


class TooLargeError(ValueError):
    """An archive that would become much larger than it is."""


def unpack(source: Path | bytes, wanted: Callable[[str], bool], described: Callable[[str], bool]) -> dict[str, bytes]:
    """Unpack files of an archive; no more of each than it declares is ever unpacked.

    An archive may always become as large as itself, so that nothing is refused that is not compressed.

    Args:
        source: A path, or the archive itself.
        wanted: Whether a file of this name is unpacked.
        described: Whether it is a pickle or JSON.

    Returns:
        Name to content.

    Raises:
        TooLargeError: if these files, by the sizes that they declare, would be too large together, or are
            compressed by another method than deflate.
        zipfile.BadZipFile: if the archive is damaged.
    """
    length = len(source) if isinstance(source, bytes) else os.path.getsize(source)
    with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
        files = [file for file in archive.infolist() if wanted(file.filename)]
        for file in files:
            if file.compress_type not in _METHODS:
                raise TooLargeError(f"{file.filename!r} in it must be stored or deflated: save it without compression")
        described_files = [file for file in files if described(file.filename)]
        _check_sizes("files", files, max(MOST_UNPACKED, length), length)
        _check_sizes("pickles and JSON", described_files, max(MOST_DESCRIBED, length), length)
        return {file.filename: _read(archive, file) for file in files}


def _check_sizes(what: str, files: Sequence[zipfile.ZipInfo], most: int, length: int) -> None:
    declared = sum(file.file_size for file in files)
    if declared > most:
        raise TooLargeError(
            f"{length:,} bytes whose {what} would become {declared:,}, more than {most:,}: save it without compression"
        )


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as file:
        return file.read(info.file_size)  # read() alone unpacks all that is there before it cuts it
