"""``steered-env runs``: its options and its table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.results import terminal

_out = terminal()


def runs(
    folder: Annotated[Path, typer.Argument(help="Where to look, with all that is below it.")] = Path("results"),
) -> None:
    """List the runs in a folder.

    How far each is, how fast it goes or went, and what it measures.
    """
    from evaluation.storage import find_runs, runs_table

    from .terminal_table import print_frame

    listed = find_runs(folder)
    if not listed:
        _out.print(f"no runs in {folder}", highlight=False, markup=False, soft_wrap=True)
        return
    print_frame(_out, runs_table(listed), f"Runs in {folder}")
