"""Chunk files: the rows of some mazes as Parquet, each file there whole or not at all, and known by its checksum.

A file is called ``00000012-0123456789abcdef.parquet``: the chunk's number, and the beginning of the SHA-256 of all its
bytes. So a file that is cut or flipped on disk gives itself away, with no second file that could disagree. Inside it
names its run and its number once more, so that one of another run, or under another number, gives itself away too.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from steered_env.system import atomic_file

from .schema import COLUMNS, bound_without_column, typed

_NAME = re.compile(r"(\d{8})-([0-9a-f]{16})\.parquet", re.ASCII)
_UNFINISHED = re.compile(r"\.\d{8}-[0-9a-f]{16}\.[0-9a-z_]{8}\.parquet", re.ASCII)
_RUN, _NUMBER = b"steered-env run", b"steered-env chunk"
_BOUND = "error_bound"
"""Version 0.1.0 had no such column."""
_TEXT, _WHOLE = ("condition",), ("maze", "level", "size", "episodes")
SCHEMA = pa.schema(
    [
        (name, pa.string() if name in _TEXT else pa.int64() if name in _WHOLE else pa.float64())
        for name in ("maze", *COLUMNS)
    ]
)
"""Schema of every chunk; a missing number is NaN, a missing level null."""


class DamagedChunkError(ValueError):
    """A chunk file whose bytes are not those that were written."""


class ForeignChunkError(ValueError):
    """A chunk file of another run, or of another chunk."""


@dataclass(frozen=True)
class Place:
    """The place of a chunk in a run.

    Attributes:
        run: Id of the run; empty for one of version 0.1.0, whose chunk files do not name it.
        number: Number of the chunk.
        mazes: Numbers of its mazes.
    """

    run: str
    number: int
    mazes: range


def write_chunk(folder: Path, place: Place, frame: pd.DataFrame) -> Path:
    """Write the rows of one chunk, and see them safely on the disk.

    Args:
        folder: Folder of the chunks; must exist.
        place: Place of the chunk in its run.
        frame: Rows of the chunk, as `frame_of` has them; may be empty.

    Raises:
        OSError: if the disk is full or gone; nothing is left behind then.
    """
    content = _encoded(frame, place)
    path = folder / f"{place.number:08d}-{_checksum(content)}.parquet"
    with atomic_file(path) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _see_on_disk(folder)
    return path


def checked_chunk(path: Path, place: Place) -> bytes:
    """The content of a chunk file, for `rows_of`.

    Raises:
        DamagedChunkError: if a byte of it has changed.
        ForeignChunkError: if it belongs to another place.
    """
    content = path.read_bytes()
    named = _NAME.fullmatch(path.name)
    if named is None or _checksum(content) != named[2]:
        raise DamagedChunkError(f"{path} is damaged: its {len(content)} bytes do not have the checksum in its name")
    if not _names(pa.BufferReader(content), place):
        raise ForeignChunkError(f"{path} is of another run, or another chunk than {place.number} of this one")
    return content


def rows_of(content: bytes) -> pa.Table:
    """The rows in the content of a chunk file."""
    table = pq.read_table(pa.BufferReader(content))
    if _BOUND not in table.column_names:
        bounds = bound_without_column(table["episodes"].to_pandas())
        table = table.append_column(_BOUND, pa.array(bounds, pa.float64()))
    return table.select(SCHEMA.names).cast(SCHEMA)


def belongs(path: Path, place: Place) -> bool:
    """Tell whether a file says that it holds this chunk; of its content only the end is read."""
    try:
        with path.open("rb") as file:
            return _names(file, place)
    except OSError:
        return False


def chunk_files(folder: Path) -> dict[int, list[Path]]:
    """Chunk number to the files in a folder that are called so, mostly one; they are not opened."""
    files: dict[int, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (named := _NAME.fullmatch(path.name)) and path.is_file():
            files.setdefault(int(named[1]), []).append(path)
    return files


def unfinished_files(folder: Path) -> list[Path]:
    """Find files left behind by a process that was killed while it wrote a chunk."""
    return [path for path in folder.iterdir() if _UNFINISHED.fullmatch(path.name) and path.is_file()]


def frame_of_chunks(tables: list[pa.Table]) -> pd.DataFrame:
    """The tables of chunks as one tidy frame."""
    return typed(pa.concat_tables([SCHEMA.empty_table(), *tables]).to_pandas(integer_object_nulls=True))


def _names(file: BinaryIO | pa.BufferReader, place: Place) -> bool:
    """Tell whether the end of a Parquet file names this run, this chunk and no mazes but its own.

    Files of version 0.1.0 name only their mazes.
    """
    try:
        end = pq.read_metadata(file)
    except pa.ArrowException:
        return False
    named = end.metadata or {}
    if place.run or _RUN in named:
        ours = named.get(_RUN) == place.run.encode() and named.get(_NUMBER) == str(place.number).encode()
    else:
        ours = end.schema.names == [name for name in SCHEMA.names if name != _BOUND]
    groups = [end.row_group(number) for number in range(end.num_row_groups)] if ours else []
    mazes = [group.column(0).statistics for group in groups if group.num_rows]
    return ours and all(statistics.min in place.mazes and statistics.max in place.mazes for statistics in mazes)


def _encoded(frame: pd.DataFrame, place: Place) -> bytes:
    columns = [
        pa.array(frame[field.name], field.type, from_pandas=not pa.types.is_floating(field.type))  # NaN stays NaN
        for field in SCHEMA
    ]
    sink = pa.BufferOutputStream()
    schema = SCHEMA.with_metadata({_RUN: place.run, _NUMBER: str(place.number)})
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), sink, compression="zstd")
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
