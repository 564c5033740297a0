"""Timing two things in turn, so that a machine whose speed drifts does not favour one, and the page of the results."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- the table -->\n", "<!-- end of the table -->\n"
"""Lines of a page between which the table stands; the rest is prose."""


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


def around_table(page: Path) -> tuple[str, str]:
    """What stands before and after the table in a page.

    Raises:
        ValueError: if the page has no place for one.
    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} has no lines {BEGIN.strip()!r} and {END.strip()!r}, between which the table goes")
    return before + begin, end + after


def write_table(page: Path, table: str) -> None:
    """Put a table in the place of the one in a page.

    Raises:
        ValueError: if the page has no place for one.
    """
    before, after = around_table(page)
    page.write_text(before + table + after, encoding="utf-8")
