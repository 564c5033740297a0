"""The summary of results as a table in the terminal."""

from __future__ import annotations

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evaluation.results import Results

_LEFT_OUT_WHEN_NARROW = (
    ("P(to cheese)", "P(to top right)"),
    ("top-right 5×5",),
    ("levels",),
)
_NARROWEST = 80


def print_table(console: Console, results: Results, title: str) -> None:
    """Print a summary, each number above its interval; columns are left out to fit a narrow terminal."""
    frame = results.table().map(lambda cell: str(cell).replace(" [", "\n["))
    width = max(console.width, _NARROWEST)
    for dropped in ((), *_LEFT_OUT_WHEN_NARROW):
        frame = frame.drop(columns=list(dropped), errors="ignore")
        if _width(console, _shown(frame, title)) <= width:
            break
    print_frame(console, frame, title)


def print_frame(console: Console, frame: pd.DataFrame, title: str) -> None:
    """Print a frame of texts as they are, its first column to the left, the others centred; never cut."""
    shown = _shown(frame, title)
    width = max(_width(console, shown), console.width, _NARROWEST)
    wide_enough = console if width <= console.width else Console(file=console.file, width=width)
    wide_enough.print(shown)


def _shown(frame: pd.DataFrame, title: str) -> Table:
    shown = Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=0)
    for number, column in enumerate(frame.columns):
        shown.add_column(Text(column.replace(": ", ":\n")), no_wrap=True, justify="center" if number else "left")
    for row in frame.itertuples(index=False, name=None):
        shown.add_row(*(Text(str(cell)) for cell in row))
    return shown


def _width(console: Console, shown: Table) -> int:
    return console.measure(shown, options=console.options.update(max_width=10_000)).maximum
