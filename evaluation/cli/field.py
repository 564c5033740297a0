"""``steered-env field``: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.results import terminal

from .options import Device, Level, MazeFiles, Policy, Steerings, without_equals_signs
from .parsing import load_steerings, shown_mazes

_out = terminal()


def field(
    level: Level = None,
    maze: MazeFiles = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            "--condition",
            "-c",
            help="Condition drawn beside the baseline; defaults to -cheese, or to the --steering.",
            callback=without_equals_signs,
        ),
    ] = None,
    steering: Steerings = None,
    policy: Policy = "small",
    out: Annotated[
        Path | None,
        typer.Option(help="A file .png, .svg or .pdf; defaults to results/field-level-N.png, or the maze's name."),
    ] = None,
    device: Device = "auto",
) -> None:
    """Draw a vector field.

    Which direction the policy would choose in every cell (walls or not), facing left: baseline, condition, and their
    difference. Every maze has a figure of its own.
    """
    from evaluation.results import check_folder, make_folder, save_figure
    from evaluation.views import fields_figure, vector_field
    from steered_env import load_policy
    from steered_env.policy import choose_device

    vectors = load_steerings(steering)
    drawn = condition or list(vectors) or ["-cheese"]
    if len(drawn) > 1:
        raise ValueError(f"a figure shows one condition beside the baseline, got {len(drawn)}: {', '.join(drawn)}")
    loaded = load_policy(policy, device=choose_device(device))
    for name, shown in shown_mazes(level, maze, out).items():
        target = out or Path("results") / f"field-{name}.png"
        if target.suffix not in (".png", ".svg", ".pdf"):
            raise ValueError(f"a figure's name must end in .png, .svg or .pdf, got {target.name!r}")
        check_folder(target.parent)
        steered = vector_field(loaded, shown, drawn[0], vectors=vectors)
        baseline = vector_field(loaded, shown)
        make_folder(target.parent)
        save_figure(fields_figure([baseline, steered, steered.difference(baseline)], policy=policy), target)
        _out.print(str(target), highlight=False, soft_wrap=True)
