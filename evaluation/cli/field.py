"""``steered-env field``: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.results import terminal

from .options import Device, Level, Policy, without_equals_signs

_out = terminal()


def field(
    level: Level = 0,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            "--condition",
            "-c",
            help="Condition drawn beside the baseline; defaults to -cheese.",
            callback=without_equals_signs,
        ),
    ] = None,
    policy: Policy = "small",
    out: Annotated[
        Path | None, typer.Option(help="A file .png, .svg or .pdf; defaults to results/field-level-N.png.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Draw a vector field.

    Which direction the policy would choose in every cell (walls or not), facing left: baseline, condition, and their
    difference.
    """
    from evaluation.results import check_folder, make_folder
    from evaluation.views import fields_figure, save_figure, vector_field
    from steered_env import Maze, load_policy
    from steered_env.policy import choose_device

    if condition and len(condition) > 1:
        raise ValueError(
            f"a figure shows one condition beside the baseline, got {len(condition)}: {', '.join(condition)}"
        )
    shown = condition[0] if condition else "-cheese"
    target = out or Path("results") / f"field-level-{level}.png"
    if target.suffix not in (".png", ".svg", ".pdf"):
        raise ValueError(f"a figure's name must end in .png, .svg or .pdf, got {target.name!r}")
    check_folder(target.parent)
    loaded, maze = load_policy(policy, device=choose_device(device)), Maze.from_level(level)
    steered = vector_field(loaded, maze, shown)
    baseline = vector_field(loaded, maze)
    make_folder(target.parent)
    save_figure(fields_figure([baseline, steered, steered.difference(baseline)], policy=policy), target)
    _out.print(str(target), highlight=False, soft_wrap=True)
