"""``steered-env video``: its options, and what became of each mouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.results import terminal

from .options import Conditions, Device, Level, Policy, Seed

_out, _err = terminal(), terminal(stderr=True)


def video(
    level: Level = 0,
    conditions: Conditions = None,
    policy: Policy = "small",
    out: Annotated[Path | None, typer.Option(help="A file .mp4 or .gif; defaults to videos/level-N.mp4.")] = None,
    steps: Annotated[int, typer.Option(help="Steps after which an episode is ended.")] = 256,
    seed: Seed = 0,
    deterministic: Annotated[bool, typer.Option(help="Always take the likeliest action.")] = False,
    panel: Annotated[int, typer.Option(help="Side of each maze in the film, in pixels.")] = 384,
    device: Device = "auto",
) -> None:
    """Film the mouse under several conditions, side by side.

    By default they are baseline, -cheese, top_right and top_right - cheese, without those that the maze has no vector
    for.
    """
    from evaluation.measuring import USUAL_CONDITIONS, those_that_exist
    from evaluation.views import record_video
    from steered_env import Maze, load_policy
    from steered_env.policy import choose_device

    from .progress_bars import counting

    target = out or Path("videos") / f"level-{level}.mp4"
    loaded, maze = load_policy(policy, device=choose_device(device)), Maze.from_level(level)
    usual = USUAL_CONDITIONS[:4]
    chosen = conditions or those_that_exist(usual, loaded, maze)
    with counting(_err, "filming") as update:
        rollouts = record_video(
            loaded,
            maze,
            chosen,
            target,
            steps=steps,
            seed=seed,
            deterministic=deterministic,
            panel=panel,
            on_progress=update,
        )
    if not conditions and len(chosen) < len(usual):
        missing = ", ".join(condition for condition in usual if condition not in chosen)
        _out.print(f"left out, since level {level} has no such vector: {missing}", highlight=False)
    for rollout in rollouts:
        reached = "reached neither" if rollout.outcome == "neither" else f"reached the {rollout.outcome}"
        _out.print(f"{rollout.name}: {reached} in {rollout.steps} step{'s' * (rollout.steps != 1)}", highlight=False)
    _out.print(str(target), highlight=False, soft_wrap=True)
