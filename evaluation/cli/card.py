"""``steered-env card``: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.results import terminal

_WEIGHTS = "policy.safetensors"
_out, _err = terminal(), terminal(stderr=True)


def card(
    run: Annotated[
        Path,
        typer.Argument(help=f"Folder of a training run; needs {_WEIGHTS}, which it has from its first evaluation on."),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for the card; defaults to the run's.")] = None,
    name: Annotated[str, typer.Option(help="Name of the policy.")] = "policy",
) -> None:
    """Write a model card.

    How a trained policy was made, what it can do, and what steering does to it.
    """
    from evaluation.cards import write_card

    from .progress_bars import counting

    with counting(_err, "measuring mazes") as update:
        for path in write_card(run, run if out is None else out, name, update):
            _out.print(str(path), highlight=False, soft_wrap=True)
