"""The summary of results as a table in the terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from .results import Results

_LEFT_OUT_WHEN_NARROW = (
    ("P(to cheese)", "P(to top right)"),
    ("top-right 5×5",),
    ("levels",),
)
_NARROWEST = 80


def print_table(console: Console, results: Results, title: str) -> None:
    """Print a summary, each number above its interval; columns are left out to fit a narrow terminal."""
    frame = results.table()
    width = max(console.width, _NARROWEST)
    for dropped in ((), *_LEFT_OUT_WHEN_NARROW):
        frame = frame.drop(columns=list(dropped))
        shown = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=0)
        for column in frame.columns:
            shown.add_column(column, no_wrap=True, justify="left" if column == "condition" else "center")
        for row in frame.itertuples(index=False, name=None):
            shown.add_row(*(str(cell).replace(" [", "\n[") for cell in row))
        needed = console.measure(shown, options=console.options.update(max_width=10_000)).maximum
        if needed <= width:
            break
    console.print(shown, width=max(needed, width), crop=False, overflow="ignore")
