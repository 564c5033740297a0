"""Model cards: how a policy was made, what it can do, what steering does to it."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError

from evaluation.results import make_folder, mean_interval, paired_difference, save_figure, write_text
from steered_env import ImpalaPolicy, Maze, load_policy
from steered_env.policy import read_metadata, rounded, save_policy
from steered_env.simulator import draw_observations
from steered_env.system import refuse_foreign_files
from steered_env.training import CONFIG, HELD_OUT_LEVELS, WEIGHTS

from .front_matter import front_matter
from .measurements import EXAMPLES_PER_LEVEL, MEASURED, Measurements
from .templates import render
from .training_curves import curve_figure, read_curve
from .training_facts import training_facts

_STORED_AS = torch.float16


def write_card(run: Path, out: Path, name: str, on_progress: Callable[[int, int], None]) -> list[Path]:
    """Measure a trained policy and write its card, curve and weights under ``name`` into ``out``.

    Args:
        run: Folder of a training run that has a policy: one of imitation from its first evaluation on, with a card that
            says how far it is; one of reinforcement from its end on.
        out: Made if it is not there.
        name: Name of the policy; the files are ``name.md``, ``name-curve.csv``, ``name-curve.png``,
            ``name.safetensors``.
        on_progress: Called with (mazes done, mazes in all).

    Returns:
        The files.

    Raises:
        FileNotFoundError: if the run has no policy yet, or there is no run.
        FileExistsError: if a file of another origin would be written over.
        ValueError: if the name is no file's name.
    """
    if not name or Path(name).name != name:
        raise ValueError(f"name must be one part of a path, such as small, got {name!r}")
    weights = run / WEIGHTS
    if not weights.is_file():
        raise FileNotFoundError(f"{run} {_no_policy_yet(run)}")
    _check_free(out, name)
    trained, metadata = load_policy(weights), read_metadata(weights)
    policy = rounded(trained, _STORED_AS)
    facts = training_facts(metadata, json.loads((run / CONFIG).read_text(encoding="utf-8")), name)
    curve = read_curve(run, metadata, name)
    measured = Measurements.of(policy, metadata["config"], on_progress)
    folder = make_folder(out)
    files = [folder / f"{name}{end}" for end in (".md", "-curve.csv", "-curve.png", ".safetensors")]
    summary = measured.summary()
    save_policy(policy, files[3], metadata={**metadata, MEASURED: summary}, dtype=_STORED_AS)
    write_text(files[1], curve.to_csv(index=False, float_format="%.6g"))
    save_figure(curve_figure(curve), files[2])
    change = _largest_change(trained, policy, measured.mazes)
    write_text(files[0], front_matter(name, metadata, summary) + _card(policy, facts, measured, change))
    return files


def _check_free(folder: Path, name: str) -> None:
    """Refuse to write a card over files that are none of a policy of ours."""
    weights = folder / f"{name}.safetensors"
    refuse_foreign_files(folder, [f"{name}{end}" for end in (".md", "-curve.csv", "-curve.png")], marker=weights.name)
    try:
        ours = not weights.exists() or "config" in read_metadata(weights)
    except (SafetensorError, OSError, ValueError):
        ours = False
    if not ours:
        why = "it holds no policy that steered-env trained, and would be written over: choose another name or folder"
        raise FileExistsError(errno.EEXIST, why, str(weights))


def _no_policy_yet(run: Path) -> str:
    if not (run / CONFIG).is_file():
        return f"holds no training run: there is no {CONFIG}; name the folder that steered-env train --out made"
    return (
        f"has no policy yet: {WEIGHTS} is there after the first evaluation of a training; the command that began the "
        "run goes on with it"
    )


def _largest_change(before: ImpalaPolicy, after: ImpalaPolicy, mazes: Sequence[Maze]) -> float:
    observations = draw_observations(mazes)
    return float(np.abs(before.action_probabilities(observations) - after.action_probabilities(observations)).max())


def _card(policy: ImpalaPolicy, facts: dict[str, Any], measured: Measurements, change: float) -> str:
    """Write the text of a card.

    Args:
        policy: As it is kept.
        facts: What is known of its training.
        measured: What it can do.
        change: The largest change of a probability that keeping it in 16 bits made.
    """
    rates = measured.rates.frame["reach_cheese"]
    before = {name: results.frame["reach_cheese"] for name, results in measured.before.items()}
    by_size = [(size, f"{share:.1%}", count) for size, (share, count) in measured.held_out.by_size.items()]
    part = measured.steered.with_decision_square()
    return render(
        "card.md.jinja",
        training=facts,
        training_section=training_section(facts),
        width=policy.width,
        parameters=sum(parameter.numel() for parameter in policy.parameters()),
        change=change,
        measured=measured,
        rate=mean_interval(rates),
        changes=[(name, cheese.mean(), paired_difference(rates, cheese)) for name, cheese in before.items()],
        rates_by_size=_rates_by_size(measured),
        moves_by_size=pd.DataFrame(by_size, columns=["size", "correct moves", "examples"]),
        held_out_levels=len(HELD_OUT_LEVELS),
        examples_per_level=EXAMPLES_PER_LEVEL,
        weak=measured.weaknesses(),
        steering=[
            (f"All {measured.steered.mazes} mazes", measured.steered),
            (f"The {part.mazes} mazes with a decision square", part),
        ],
    )


def training_section(facts: dict[str, Any]) -> str:
    """The section of a card that says how its policy was made, from `training_facts`."""
    return render("training.md.jinja", **facts).rstrip("\n")


def _rates_by_size(measured: Measurements) -> pd.DataFrame:
    """The mean rates and path lengths of the held-out mazes of each size, and of all, as text."""
    mazes = measured.mazes
    columns = {
        "cheese rate": measured.rates.frame["reach_cheese"],
        "uniform policy": measured.chance.frame["reach_cheese"],
        "shortest path": [len(maze.path(maze.mouse, maze.cheese)) - 1 for maze in mazes if maze.cheese is not None],
        **{f"{name} before": results.frame["reach_cheese"] for name, results in measured.before.items()},
    }
    frame = pd.DataFrame({"size": [maze.size for maze in mazes], **columns})
    rows = []
    for size, group in [*frame.groupby("size"), ("all", frame)]:
        means = [f"{group[name].mean():.{1 if name == 'shortest path' else 3}f}" for name in columns]
        rows.append((size, *means, len(group)))
    return pd.DataFrame(rows, columns=["size", *columns, "mazes"])
