"""Timing two things in turn, so that a machine whose speed drifts does not favour one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the benchmark table."""

    what: str
    measured: str
    against: str
    ratio: str
    limit: str


def seconds(job: Callable[[], object]) -> float:
    """How long one call takes."""
    begin = time.perf_counter()
    job()
    return time.perf_counter() - begin


def in_turn(*jobs: Callable[[], object], rounds: int = 5, warmup: int = 1) -> list[float]:
    """The median seconds of each job, all of them called in turn, round after round."""
    for _ in range(warmup):
        for job in jobs:
            job()
    times = [[seconds(job) for job in jobs] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]
