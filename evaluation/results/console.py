"""The terminal that commands print to."""

from __future__ import annotations

import sys

from rich.console import Console


def terminal(*, stderr: bool = False) -> Console:
    """A console that prints the user's words as they are: ``[x]`` is no style there, and ``:smile:`` no emoji."""
    return Console(stderr=stderr, markup=False, emoji=False)


def print_what_can_be_printed() -> None:
    """Have characters that a terminal's encoding lacks printed as ``?``, where they would end the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not so where a caller took its place
            stream.reconfigure(errors="replace")
