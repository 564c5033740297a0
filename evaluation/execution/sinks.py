"""Sinks for the rows of a measurement: memory, or a folder that outlives the process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

import pandas as pd

from evaluation.measuring import Measurement
from evaluation.results import Results, make_folder
from evaluation.storage import RunFolder, concatenated, locked
from steered_env.provenance import codes_described
from steered_env.system import StopRequest, stop_requests

from .code_that_measures import code_of
from .configuration import chunk_size, manifest_of
from .execution import Execution


class Sink(Protocol):
    """Keeps the rows of chunks."""

    @property
    def chunk(self) -> int:
        """Mazes in each chunk but the last."""
        ...

    def missing(self) -> Sequence[int]:
        """Find the numbers of the chunks that are still to be measured, before the first one is."""
        ...

    def write(self, number: int, frame: pd.DataFrame) -> None:
        """Keep the rows of a chunk."""
        ...

    def kept(self) -> str:
        """Say what is kept if the measurement stops now, and how to go on."""
        ...

    def stop_requests(self) -> AbstractContextManager[StopRequest]:
        """Note Ctrl-C and SIGTERM in a ``with`` block, if chunks under way are worth waiting for."""
        ...

    def results(self) -> Results:
        """Collect all rows in the order of mazes and conditions."""
        ...


class MemorySink:
    """Keeps rows in memory: a measurement that stops is lost, so that it stops at once.

    Args:
        measurement: The measurement whose rows are kept.
        chunk: Mazes in each chunk; None chooses by their number.
    """

    def __init__(self, measurement: Measurement, chunk: int | None) -> None:
        self._measurement = measurement
        self._size = chunk_size(len(measurement.mazes), chunk)
        self._frames: dict[int, pd.DataFrame] = {}

    @property
    def chunk(self) -> int:
        """Mazes in each chunk but the last."""
        return self._size

    def missing(self) -> range:
        """The numbers of all chunks."""
        return range(-(-len(self._measurement.mazes) // self._size))

    def write(self, number: int, frame: pd.DataFrame) -> None:
        """Keep the rows of a chunk."""
        self._frames[number] = frame

    def kept(self) -> str:
        """Say that nothing is kept, and what would be."""
        return "nothing is kept; name a folder with out, and the same call goes on where it was stopped"

    def stop_requests(self) -> AbstractContextManager[StopRequest]:
        """Leave Ctrl-C and SIGTERM as they are."""
        return nullcontext(StopRequest(self.kept))

    def results(self) -> Results:
        """Collect all rows in the order of mazes and conditions."""
        job = self._measurement.job
        description = {**job.description(), **codes_described([code_of(job)]), "mazes": len(self._measurement.mazes)}
        return Results(concatenated([frame for _, frame in sorted(self._frames.items())]), description)


class FolderSink:
    """Keeps rows in the folder of a run.

    Args:
        run: The run; its folder is `locked`.
        going_on: Returns the run as it is once somebody goes on with it.
    """

    def __init__(self, run: RunFolder, going_on: Callable[[], RunFolder]) -> None:
        self._run, self._going_on = run, going_on

    @property
    def chunk(self) -> int:
        """Mazes in each chunk but the last."""
        return self._run.manifest.chunk

    def missing(self) -> list[int]:
        """The numbers of the chunks that are not in the folder; if there are any, the manifest names this code too."""
        missing = self._run.missing()
        if missing:
            self._run = self._going_on()
        return missing

    def write(self, number: int, frame: pd.DataFrame) -> None:
        """Keep the rows of a chunk.

        Raises:
            RunError: if they cannot be written; everything written before stays.
        """
        self._run.write(number, frame)

    def kept(self) -> str:
        """Say how many mazes are in the folder."""
        return f"{self._run.progress()} are in {self._run.path}; the same command goes on from here"

    def stop_requests(self) -> AbstractContextManager[StopRequest]:
        """Note Ctrl-C and SIGTERM, so that chunks under way are finished and kept."""
        return stop_requests(self.kept)

    def results(self) -> Results:
        """Collect all rows in the order of mazes and conditions."""
        return Results.load(self._run.path)


@contextmanager
def sink_of(measurement: Measurement, execution: Execution) -> Iterator[Sink]:
    """Open the sink that an execution asks for, for the time of a ``with`` block.

    Raises:
        RunError: if the folder is in use by another process, or holds another run.
        ValueError: if something of the measurement has no fingerprint, which a run in a folder needs.
    """
    if execution.out is None:
        yield MemorySink(measurement, execution.chunk)
        return
    wanted = manifest_of(measurement, execution.chunk)
    path = make_folder(execution.out)
    with locked(path):
        run = RunFolder.begin_or_go_on(path, wanted, replace=execution.replace, other_code=execution.other_code)
        yield FolderSink(run, lambda: run.continued_by(wanted))
