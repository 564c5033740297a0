"""``steered-env video``: its options, and what became of each mouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evaluation.results import terminal

from .options import Conditions, Device, Level, MazeFiles, Policy, Seed, Steerings
from .parsing import load_steerings, shown_mazes

_out, _err = terminal(), terminal(stderr=True)


def video(
    level: Level = None,
    maze: MazeFiles = None,
    conditions: Conditions = None,
    steering: Steerings = None,
    policy: Policy = "small",
    out: Annotated[
        Path | None, typer.Option(help="A file .mp4 or .gif; defaults to videos/level-N.mp4, or the maze's name.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps after which an episode is ended.")] = 256,
    seed: Seed = 0,
    deterministic: Annotated[bool, typer.Option(help="Always take the likeliest action.")] = False,
    panel: Annotated[int, typer.Option(help="Side of each maze in the film, in pixels.")] = 384,
    device: Device = "auto",
) -> None:
    """Film the mouse under several conditions, side by side.

    By default they are baseline, -cheese, top_right and top_right - cheese, without those that the maze has no vector
    for, or baseline and each --steering. Every maze has a film of its own.
    """
    from evaluation.measuring import USUAL_CONDITIONS, those_that_exist
    from evaluation.storage import BASELINE
    from evaluation.views import record_video
    from steered_env import load_policy
    from steered_env.policy import choose_device

    from .progress_bars import counting

    vectors, loaded = load_steerings(steering), load_policy(policy, device=choose_device(device))
    usual = USUAL_CONDITIONS[:4]
    for name, shown in shown_mazes(level, maze, out).items():
        target = out or Path("videos") / f"{name}.mp4"
        chosen = conditions or [BASELINE, *vectors]
        if not conditions and not vectors:
            chosen = those_that_exist(usual, loaded, shown)
            if missing := ", ".join(condition for condition in usual if condition not in chosen):
                _out.print(f"left out, since {name.replace('-', ' ')} has no such vector: {missing}", highlight=False)
        with counting(_err, "filming") as update:
            rollouts = record_video(
                loaded,
                shown,
                chosen,
                target,
                vectors=vectors,
                steps=steps,
                seed=seed,
                deterministic=deterministic,
                panel=panel,
                on_progress=update,
            )
        for rollout in rollouts:
            reached = "reached neither" if rollout.outcome == "neither" else f"reached the {rollout.outcome}"
            steps_taken = f"{rollout.steps} step{'s' * (rollout.steps != 1)}"
            _out.print(f"{rollout.name}: {reached} in {steps_taken}", highlight=False)
        _out.print(str(target), highlight=False, soft_wrap=True)
