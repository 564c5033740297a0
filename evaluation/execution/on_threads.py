"""Chunks measured by threads of this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import islice

import pandas as pd

from evaluation.measuring import Chunk, Job, Measurer, one_torch_thread
from steered_env.system import worker_threads


def on_threads(job: Job, chunks: Iterable[Chunk], workers: int) -> Iterator[tuple[Chunk, pd.DataFrame]]:
    """Measure chunks, and hand out each as soon as it is done.

    Threads, not processes: nearly all the time goes into torch, procgen and scipy, which compute without the
    interpreter's lock, and threads share the weights.

    Args:
        job: The measurement, without its mazes.
        chunks: Chunks of mazes, which are taken one by one, as workers become free.
        workers: Number of threads.
    """
    measurer, queue = Measurer(job), iter(chunks)
    running: dict[Future[pd.DataFrame], Chunk] = {}
    with one_torch_thread(), worker_threads(workers) as pool:
        while True:
            for chunk in islice(queue, workers + 1 - len(running)):  # one lies ready
                running[pool.submit(measurer.frame, chunk)] = chunk
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
