"""``steered-env card``: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.results import terminal

from .options import Device

_WEIGHTS = "policy.safetensors"
_out, _err = terminal(), terminal(stderr=True)


def card(
    policy: Annotated[
        str,
        typer.Argument(
            help=f"Folder of a training run, with {_WEIGHTS}, which it has from its first evaluation on; or any "
            "policy: a packaged one, or a path: .safetensors, .pth or .zip."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the card; defaults to the run's, or to results/card-POLICY.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the policy of a training run; defaults to policy.")] = None,
    device: Device = "auto",
) -> None:
    """Write a model card.

    Of a training run: how the policy was made, what it can do, and what steering does to it. Of any other policy, in
    two minutes: a table of what steering does to it, a field, a film, and its correct moves by size.
    """
    is_run = Path(policy).is_dir()
    if is_run and device != "auto":
        raise ValueError(f"the card of a training run is measured on cpu: leave out --device {device}")
    if name is not None and not is_run:
        raise ValueError(f"only the policy of a training run can be named: leave out --name {name}")

    from evaluation.cards import write_card, write_checkpoint_card

    from .progress_bars import counting

    with counting(_err, "measuring mazes") as update:
        if is_run:
            files = write_card(Path(policy), out or Path(policy), name or "policy", update)
        else:
            folder = out or Path("results") / f"card-{Path(policy).stem}"
            files = write_checkpoint_card(policy, folder, update, device=device)
    for path in files:
        _out.print(str(path), highlight=False, soft_wrap=True)
