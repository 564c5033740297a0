"""A run: what is missing in its folder is measured, chunk by chunk, until nothing is or somebody stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pandas as pd

from evaluation.measuring import Chunk, Job, Source
from evaluation.storage import Manifest, RunFolder, locked
from steered_env.system import StopRequest, stop_requests

from .on_ray import on_ray
from .on_threads import on_threads


@dataclass(frozen=True)
class Workers:
    """Who measures.

    Attributes:
        threads: of this process, where there is no cluster.
        ray: address of a Ray cluster, or None.
    """

    threads: int
    ray: str | None = None

    def measured(self, job: Job, chunks: Iterator[Chunk]) -> Iterator[tuple[Chunk, pd.DataFrame]]:
        """Chunks with their rows, in the order in which they are done."""
        return on_threads(job, chunks, self.threads) if self.ray is None else on_ray(job, chunks, self.ray)


def measure_into(
    path: Path,
    job: Job,
    source: Source,
    workers: Workers,
    wanted: Manifest,
    *,
    replace: bool = False,
    other_code: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Begin a run in a folder, or go on with it, until every maze is measured.

    Args:
        path: the folder; must exist.
        job: what is done with every maze.
        source: the mazes.
        workers: who does it; the numbers do not depend on it.
        wanted: what a new run's manifest will say; one that goes on keeps its own chunk size.
        replace: a finished run with another configuration or code is replaced.
        other_code: a run that other code began goes on, and its manifest then names both.
        on_progress: called with (mazes done, mazes in all) at the start and after each chunk.

    Raises:
        KeyboardInterrupt: after the chunks under way, if Ctrl-C or SIGTERM asked for it; a second one stops at once.
        RunError: if the folder is in use, holds another run, or cannot be written to.
    """
    with locked(path):
        run = RunFolder.begin_or_go_on(path, wanted, replace=replace, other_code=other_code)
        with stop_requests(lambda: _kept(run)) as stop:
            _measure_missing(run, job, source, workers, wanted, stop, on_progress)


def _measure_missing(
    run: RunFolder,
    job: Job,
    source: Source,
    workers: Workers,
    wanted: Manifest,
    stop: StopRequest,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    try:
        missing = run.missing()
        run = run.made_by(wanted) if missing else run
        done = run.manifest.mazes - run.manifest.mazes_in(missing)
        if on_progress is not None:
            on_progress(done, len(source))
        for part, frame in workers.measured(job, _until_stopped(run, source, missing, stop)):
            run.write(part.number, frame)
            done += len(part.items)
            if on_progress is not None:
                on_progress(done, len(source))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped: {_kept(run)}") from None
    if done < len(source):
        raise KeyboardInterrupt(f"stopped: {_kept(run)}")


def _kept(run: RunFolder) -> str:
    return f"{run.progress()} are in {run.path}; the same command goes on from here"


def _until_stopped(run: RunFolder, source: Source, missing: list[int], stop: StopRequest) -> Iterator[Chunk]:
    chunks = (source.chunk(number, run.manifest.chunk) for number in missing)
    return takewhile(lambda _: not stop.made, chunks)
