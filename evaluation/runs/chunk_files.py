"""Chunk files: the rows of some mazes as Parquet, each file there whole or not at all, and known by its checksum.

A file is called ``00000012-0123456789abcdef.parquet``: the chunk's number, and the beginning of the SHA-256 of all its
bytes. So a file that is cut or flipped on disk gives itself away, with no second file that could disagree.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evaluation.frames import COLUMNS, typed
from steered_env.whole_file import whole_file

_NAME = re.compile(r"(\d{8})-([0-9a-f]{16})\.parquet")
_TEXT, _WHOLE = ("condition",), ("maze", "level", "size", "episodes")
SCHEMA = pa.schema(
    [
        (name, pa.string() if name in _TEXT else pa.int64() if name in _WHOLE else pa.float64())
        for name in ("maze", *COLUMNS)
    ]
)
"""Of every chunk; a missing number is NaN, a missing level null."""


class DamagedChunkError(ValueError):
    """A chunk file whose bytes are not those that were written."""


def write_chunk(folder: Path, number: int, frame: pd.DataFrame) -> Path:
    """Write the rows of one chunk, and see them safely on the disk.

    Args:
        folder: of the chunks; must exist.
        number: of the chunk.
        frame: its rows, as `frame_of` has them; may be none.

    Raises:
        OSError: if the disk is full or gone; nothing is left behind then.
    """
    content = _encoded(frame)
    path = folder / f"{number:08d}-{_checksum(content)}.parquet"
    with whole_file(path) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _see_on_disk(folder)
    return path


def read_chunk(path: Path) -> pa.Table:
    """Read what `write_chunk` wrote.

    Raises:
        DamagedChunkError: if a byte of it has changed.
    """
    content = path.read_bytes()
    named = _NAME.fullmatch(path.name)
    if named is None or _checksum(content) != named[2]:
        raise DamagedChunkError(f"{path} is damaged: its {len(content)} bytes do not have the checksum in its name")
    return pq.read_table(pa.BufferReader(content), schema=SCHEMA)


def is_intact(path: Path) -> bool:
    """Whether every byte is as it was written."""
    try:
        named = _NAME.fullmatch(path.name)
        return named is not None and _checksum(path.read_bytes()) == named[2]
    except OSError:
        return False


def chunk_files(folder: Path) -> dict[int, list[Path]]:
    """Chunk number to its files in a folder, mostly one; they are not opened."""
    found: dict[int, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if named := _NAME.fullmatch(path.name):
            found.setdefault(int(named[1]), []).append(path)
    return found


def frame_of_chunks(tables: list[pa.Table]) -> pd.DataFrame:
    """The tables of chunks as one tidy frame."""
    return typed(pa.concat_tables([SCHEMA.empty_table(), *tables]).to_pandas(integer_object_nulls=True))


def _encoded(frame: pd.DataFrame) -> bytes:
    columns = [
        pa.array(frame[one.name], one.type, from_pandas=not pa.types.is_floating(one.type))  # NaN stays NaN
        for one in SCHEMA
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _see_on_disk(folder: Path) -> None:
    """Have the folder's list of names written, so that a new one outlives a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
