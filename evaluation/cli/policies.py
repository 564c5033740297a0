"""``steered-env policies``: its options and its table."""

from __future__ import annotations

from typing import Annotated

import typer

from evaluation.results import terminal

_out = terminal()


def policies(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table in Markdown.")] = False,
) -> None:
    """List the packaged policies.

    What each was trained on, how well it does, and what steering does to it.
    """
    from evaluation.cards import policies_table
    from evaluation.results import markdown_table

    from .terminal_table import print_frame

    if markdown:
        typer.echo(markdown_table(policies_table()))
        return
    print_frame(_out, policies_table(), "Packaged policies")
    _out.print("cheese: rate in held-out mazes of its own training distribution, within 256 steps, exact method")
    _out.print("Δ: what a condition changes, paired by maze, in held-out mazes with a decision square; see the cards")
