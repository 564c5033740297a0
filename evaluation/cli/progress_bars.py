"""Progress bars, and plain lines where there is no terminal to draw them in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
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
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def update(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield update


@contextmanager
def sharing(console: Console, what: str) -> Iterator[Callable[[float, str], None]]:
    """A bar for a job that calls back with the share that is done, from 0 to 1, and what is under way."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=1.0, note="")

        def update(share: float, note: str) -> None:
            bar.update(task, completed=share, note=note)

        yield update


@contextmanager
def training(console: Console) -> Iterator[Callable[[TrainingProgress], None]]:
    """A bar with rate, time left and the last measurement; a line every half minute without a terminal."""
    if not console.is_terminal:
        yield _LinePrinter(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("training", total=None, unit="", rate="", left="", note="")

        def update(now: TrainingProgress) -> None:
            bar.update(
                task,
                completed=now.done,
                total=now.total,
                unit=now.unit,
                rate=f"{now.rate:.0f}/s",
                left=_left(now),
                note=now.note,
            )

        yield update


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
    minutes, seconds = divmod(round((now.total - now.done) / now.rate), 60)
    return f"{minutes}:{seconds:02d} left"
