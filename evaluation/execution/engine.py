"""The loop over chunks of mazes, the same for threads and clusters, memory and folders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import takewhile

import pandas as pd

from evaluation.measuring import Chunk, Job, Measurement, PredictOnly, chunk_of
from evaluation.results import Results
from steered_env.system import StopRequest

from .execution import Execution, worker_count
from .on_ray import connected, on_ray
from .on_threads import on_threads
from .sinks import Sink, sink_of


def run_measurement(measurement: Measurement, execution: Execution) -> Results:
    """Measure every maze that is not measured yet, until all are or somebody stops it.

    Raises:
        KeyboardInterrupt: if Ctrl-C or SIGTERM asked for it; it says what is kept. A measurement into a folder first
            finishes the chunks under way, unless it is asked twice.
        RunError: if the folder is in use, holds another run, or cannot be written to, or there is no such cluster.
        ValueError: if something has no fingerprint, which a run in a folder needs, or cannot be measured by a cluster.
    """
    subject = measurement.job.subject
    if execution.ray is not None and isinstance(subject, PredictOnly):
        raise ValueError(
            f"{type(subject.predictor).__name__} has only predict and draws its own actions: its copies on a cluster "
            f"would all draw the same, measure it here instead (got ray={execution.ray!r})"
        )
    cluster = nullcontext() if execution.ray is None else connected(execution.ray)  # before anything is replaced
    with cluster, sink_of(measurement, execution) as sink, sink.stop_requests() as stop:
        _measure_missing(measurement, execution, sink, stop)
        return sink.results()


def _measure_missing(measurement: Measurement, execution: Execution, sink: Sink, stop: StopRequest) -> None:
    report = execution.on_progress or (lambda _done, _total: None)
    mazes, size = measurement.mazes, sink.chunk
    try:
        missing = sink.missing()
        done = len(mazes) - sum(min(size, len(mazes) - number * size) for number in missing)
        report(done, len(mazes))
        chunks = (chunk_of(mazes, number, size) for number in missing)
        for chunk, frame in _measured(measurement.job, takewhile(lambda _: not stop.requested, chunks), execution):
            sink.write(chunk.number, frame)
            done += len(chunk.mazes)
            report(done, len(mazes))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped: {sink.kept()}") from None
    if stop.requested:  # also if nothing was left to do: whoever asked wants nothing that comes after either
        raise KeyboardInterrupt(f"stopped: {sink.kept()}")


def _measured(job: Job, chunks: Iterator[Chunk], execution: Execution) -> Iterator[tuple[Chunk, pd.DataFrame]]:
    """Chunks with their rows, in the order in which they are done."""
    if execution.ray is not None:
        return on_ray(job, chunks)
    return on_threads(job, chunks, worker_count(execution.workers, job.settings.device))
