"""Progress bars, and plain lines where there is no terminal to draw them in."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from steered_env.training import Progress as TrainingProgress

_LINE_EVERY_S = 30.0


@contextmanager
def counting(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar for a job that calls back with (done, total)."""
    with _bar(console, what, MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()) as update:
        yield lambda done, total: update(completed=done, total=total)


@contextmanager
def sharing(console: Console, what: str) -> Iterator[Callable[[float, str], None]]:
    """A bar for a job that calls back with the share that is done, from 0 to 1, and what is under way."""
    columns = TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}")
    with _bar(console, what, *columns, total=1.0, note="") as update:
        yield lambda share, note: update(completed=share, note=note)


@contextmanager
def training(console: Console) -> Iterator[Callable[[TrainingProgress], None]]:
    """A bar with rate, time left and the last measurement; a line every half minute without a terminal."""
    if not console.is_terminal:
        yield _LinePrinter(console)
        return
    columns = (
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with _bar(console, "training", *columns, transient=False, speed="", left="") as update:
        yield lambda now: update(
            completed=now.done,
            total=now.total,
            speed=f"{now.unit} {now.rate:.0f}/s",
            left=f"{_left(now)} {now.note}",
        )


@contextmanager
def _bar(
    console: Console,
    what: str,
    *columns: ProgressColumn,
    total: float | None = None,
    transient: bool = True,
    **fields: Any,
) -> Iterator[Callable[..., None]]:
    shown = TextColumn("{task.description}"), BarColumn(), *columns
    with Progress(*shown, console=console, transient=transient, disable=not console.is_terminal) as bar:
        yield functools.partial(bar.update, bar.add_task(what, total=total, **fields))


class _LinePrinter:
    def __init__(self, console: Console) -> None:
        self._console, self._last = console, 0.0

    def __call__(self, now: TrainingProgress) -> None:
        if time.monotonic() - self._last < _LINE_EVERY_S and now.done != now.total:
            return
        self._last = time.monotonic()
        of = f" of {now.total}" if now.total else ""
        note = f", {now.note}" if now.note else ""
        self._console.print(f"{now.done}{of} {now.unit}, {now.rate:.0f}/s, {_left(now)}{note}")


def _left(now: TrainingProgress) -> str:
    if now.total is None or now.rate <= 0:
        return "measuring speed"
    minutes, seconds = divmod(round(max(now.total - now.done, 0) / now.rate), 60)
    return f"{minutes}:{seconds:02d} left"
