"""The folder of a run: its manifest, its chunk files, and how far it is."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from steered_env.provenance import code_difference

from .chunk_files import DamagedChunkError, chunk_files, frame_of_chunks, is_intact, read_chunk, write_chunk
from .manifest import MANIFEST, Manifest
from .trouble import RunError

_CHUNKS = "chunks"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        done: mazes measured.
        mazes: in all.
    """

    done: int
    mazes: int

    @property
    def finished(self) -> bool:
        """Whether all are measured."""
        return self.done == self.mazes

    def __str__(self) -> str:
        return f"{self.done:,} of {self.mazes:,} mazes ({self.done / self.mazes:.0%})"


@dataclass(frozen=True)
class RunFolder:
    """A run on disk.

    Attributes:
        path: of the folder.
        manifest: what is measured.
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
        there = cls.read(path)
        if there is not None and (difference := there._difference(wanted, other_code)):
            progress = there.progress()
            if progress.done and not (replace and progress.finished):
                state = "a finished" if progress.finished else "an unfinished"
                raise RunError(f"{path} holds {state} run with {difference}")
            (path / MANIFEST).unlink()
            there = None
        run = there or cls(path, wanted)
        run._chunks.mkdir(exist_ok=True)
        for leftover in run._chunks.iterdir():
            if there is None or leftover.name.startswith("."):
                leftover.unlink()
        if there is None:
            wanted.write(path)
        return run

    def _difference(self, wanted: Manifest, other_code: bool) -> str:
        """What keeps a wanted run from being this one, with a way out; empty if nothing does."""
        if setting := self.manifest.difference(wanted):
            return f"{setting}: choose another --out, or the same configuration to continue it, or remove the folder"
        code = "" if other_code else code_difference(self.manifest.codes, wanted.codes[0])
        return code and f"{code}: to measure anew name another --out or remove the folder; --other-code accepts it"

    def made_by(self, wanted: Manifest) -> RunFolder:
        """The run, which notes that the code of a wanted one goes on with it; only for whoever has it `locked`."""
        if not code_difference(self.manifest.codes, wanted.codes[0]):
            return self
        manifest = self.manifest.with_code(wanted.codes[0])
        manifest.write(self.path)
        return RunFolder(self.path, manifest)

    @property
    def _chunks(self) -> Path:
        return self.path / _CHUNKS

    def progress(self) -> Progress:
        """How far it is, by the names of its files."""
        return self._progress(set(self.times()))

    def times(self) -> dict[int, float]:
        """Chunk number to when its file was written, in seconds since 1970."""
        return {
            number: paths[0].stat().st_mtime
            for number, paths in chunk_files(self._chunks).items()
            if number < self.manifest.chunks
        }

    def missing(self) -> list[int]:
        """The numbers of the chunks that are still to be measured; files that are damaged are removed.

        Only for the process that has the folder `locked`.
        """
        there = set()
        for number, paths in chunk_files(self._chunks).items():
            intact = [path for path in paths if is_intact(path)]
            for path in paths:
                if path not in intact[:1]:
                    _log.warning("%s is damaged: it is measured again", path)
                    path.unlink()
            there |= {number} if intact else set()
        return [number for number in range(self.manifest.chunks) if number not in there]

    def write(self, number: int, frame: pd.DataFrame) -> None:
        """Keep the rows of a chunk.

        Raises:
            RunError: if they cannot be written; everything written before stays.
        """
        try:
            write_chunk(self._chunks, number, frame)
        except OSError as error:
            raise RunError(
                f"{self.path}: chunk {number} cannot be written ({error.strerror or error}); {self.progress()} are "
                "there: make room, and the same command goes on"
            ) from error

    def frame(self) -> tuple[pd.DataFrame, Progress]:
        """All rows so far in the order of mazes and conditions, without those of damaged files, and how far that is."""
        tables, there = [], set()
        for number, paths in sorted(chunk_files(self._chunks).items()):
            for path in paths:
                try:
                    tables.append(read_chunk(path))
                except DamagedChunkError as damage:
                    _log.warning("%s", damage)
                else:
                    there.add(number)
                    break
        return frame_of_chunks(tables), self._progress(there)

    def _progress(self, chunks: set[int]) -> Progress:
        return Progress(sum(map(self.manifest.mazes_in, chunks)), self.manifest.mazes)
