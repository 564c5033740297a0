"""The folder of a run: its manifest, its chunk files, and how far it is."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .chunk_files import (
    DamagedChunkError,
    ForeignChunkError,
    belongs,
    checked_chunk,
    chunk_files,
    frame_of_chunks,
    rows_of,
    unfinished_files,
    write_chunk,
)
from .errors import RunError
from .manifest import Manifest

_CHUNKS = "chunks"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """Progress of a run.

    Attributes:
        done: Number of mazes measured.
        mazes: Number of mazes in all.
    """

    done: int
    mazes: int

    @property
    def finished(self) -> bool:
        """Whether all mazes are measured."""
        return self.done == self.mazes

    def __str__(self) -> str:
        return f"{self.done:,} of {self.mazes:,} mazes ({self.done / self.mazes:.0%})"


@dataclass(frozen=True)
class RunFolder:
    """A run on disk.

    Attributes:
        path: Path of the folder.
        manifest: Description of what is measured.
    """

    path: Path
    manifest: Manifest

    @classmethod
    def read(cls, path: Path) -> RunFolder | None:
        """The run in a folder, or None where there is none.

        Raises:
            RunError: if its manifest is damaged.
        """
        manifest = Manifest.read(path)
        return None if manifest is None else cls(path, manifest)

    @classmethod
    def begin_or_go_on(
        cls, path: Path, wanted: Manifest, *, replace: bool = False, other_code: bool = False
    ) -> RunFolder:
        """The run in a folder with this configuration and code, begun if there is none; the folder must be `locked`.

        Args:
            path: the folder; must exist.
            wanted: what is to be measured; a run that goes on keeps its own chunk size.
            replace: a *finished* run with another configuration or code is replaced; one without any chunk always is.
            other_code: a run that other code measured is taken as it is.

        Raises:
            RunError: if the folder holds a run with another configuration, and names the first field that differs, or
                one that other code measured, and names its commit.
        """
        existing = cls.read(path)
        replaced: list[Path] = []
        if existing is not None and (difference := existing.manifest.difference(wanted, other_code=other_code)):
            progress = existing.progress()
            if progress.done and not (replace and progress.finished):
                state = "a finished" if progress.finished else "an unfinished"
                raise RunError(f"{path} holds {state} run with {difference}")
            replaced, existing = [file for files in existing._files().values() for file in files], None
        run = existing or cls(path, wanted)
        run._make_chunks()
        if existing is None:
            wanted.write(path)
        for leftover in (*replaced, *unfinished_files(run._chunks)):
            leftover.unlink()
        return run

    def continued_by(self, wanted: Manifest) -> RunFolder:
        """The run, whose manifest then names the code of the one asked for as well; the folder must be `locked`."""
        manifest = self.manifest.continued_by(wanted)
        if manifest is self.manifest:
            return self
        manifest.write(self.path)
        return RunFolder(self.path, manifest)

    def _make_chunks(self) -> None:
        try:
            self._chunks.mkdir(exist_ok=True)
        except FileExistsError:
            raise RunError(f"{self._chunks} is a file, where a run keeps its rows: choose another --out") from None

    @property
    def _chunks(self) -> Path:
        return self.path / _CHUNKS

    def progress(self) -> Progress:
        """Progress by the names in its files; whether these are intact is not checked."""
        return self._progress(self._files())

    def times(self) -> dict[int, float]:
        """Chunk number to when its file was written, in seconds since 1970."""
        return {number: paths[0].stat().st_mtime for number, paths in self._files().items()}

    def missing(self) -> list[int]:
        """The numbers of the chunks that are still to be measured.

        Files that are damaged, or of another run, stay where they are and do not count.
        """
        present = {number for number, _ in self._intact()}
        return [number for number in range(self.manifest.chunks) if number not in present]

    def write(self, number: int, frame: pd.DataFrame) -> None:
        """Keep the rows of a chunk.

        Raises:
            RunError: if they cannot be written; everything written before stays.
        """
        try:
            write_chunk(self._chunks, self.manifest.place(number), frame)
        except OSError as error:
            raise RunError(
                f"{self.path}: chunk {number} cannot be written ({error.strerror or error}); {self.progress()} are "
                "there: make room, and the same command goes on"
            ) from error

    def frame(self) -> tuple[pd.DataFrame, Progress]:
        """Read the rows so far, in the order of mazes and conditions and without damaged files, and the progress."""
        tables = {number: rows_of(content) for number, content in self._intact()}
        return frame_of_chunks(list(tables.values())), self._progress(tables)

    def _files(self) -> dict[int, list[Path]]:
        """Chunk number to the files of this run, mostly one."""
        files = {
            number: [path for path in paths if belongs(path, self.manifest.place(number))]
            for number, paths in chunk_files(self._chunks).items()
            if number < self.manifest.chunks
        }
        return {number: paths for number, paths in files.items() if paths}

    def _intact(self) -> Iterator[tuple[int, bytes]]:
        """Chunk numbers with the contents of their files; of those that are left out the log says why."""
        for number, paths in sorted(chunk_files(self._chunks).items()):
            for path in paths:
                try:
                    if number >= self.manifest.chunks:
                        raise ForeignChunkError(f"{path} is of another run: this one has {self.manifest.chunks} chunks")
                    content = checked_chunk(path, self.manifest.place(number))
                except (DamagedChunkError, ForeignChunkError) as error:
                    _log.warning("%s; it is left out", error)
                else:
                    yield number, content
                    break

    def _progress(self, chunks: Iterable[int]) -> Progress:
        return Progress(self.manifest.mazes_in(chunks), self.manifest.mazes)
