"""Model cards: how a policy was made, what it can do, what steering does to it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from steered_env import ImpalaPolicy, load_policy
from steered_env.policy.checkpoint import read_metadata
from steered_env.training import HELD_OUT_LEVELS, HeldOut, move_accuracy
from steered_env.training.run_folder import CONFIG, CURVE, WEIGHTS

from .conditions import USUAL_CONDITIONS
from .evaluate import evaluate
from .figures import save_figure
from .held_out_rates import training_mazes
from .results import Results, make_folder, write_text
from .statistics import mean_interval

_PICTURES_PER_LEVEL = 4
_RATE_LEVELS = range(300)
_TABLE_LEVELS = range(100)


def write_card(run: Path, out: Path, name: str, on_progress: Callable[[int, int], None]) -> list[Path]:
    """Measure a trained policy and write its card, curve and weights under ``name`` into ``out``.

    Args:
        run: folder of a finished training run.
        out: made if it is not there.
        name: of the policy; the files are ``name.md``, ``name-curve.csv``, ``name-curve.png``, ``name.safetensors``.
        on_progress: called with (mazes done, mazes in all).

    Returns:
        The files.

    Raises:
        FileNotFoundError: if the run is not finished.
    """
    weights = run / WEIGHTS
    if not weights.is_file():
        raise FileNotFoundError(f"{run} holds no finished run: there is no {WEIGHTS}; train it to the end first")
    policy = load_policy(weights)
    made = read_metadata(weights)
    config = made["config"]
    described = json.loads((run / CONFIG).read_text())
    curve = pd.read_csv(run / CURVE)
    region = int(config["cheese_region"])
    held_out = move_accuracy(policy, cheese_region=region, per_level=_PICTURES_PER_LEVEL)
    total = len(_RATE_LEVELS) + len(_TABLE_LEVELS)
    in_training = evaluate(
        policy,
        mazes=training_mazes(region, _RATE_LEVELS),
        on_progress=lambda done, _: on_progress(done, total),
    )
    steered = evaluate(
        policy,
        _TABLE_LEVELS,
        USUAL_CONDITIONS,
        on_progress=lambda done, _: on_progress(len(_RATE_LEVELS) + done, total),
    )
    folder = make_folder(out)
    files = [folder / f"{name}{end}" for end in (".md", "-curve.csv", "-curve.png", ".safetensors")]
    for source, target in ((run / CURVE, files[1]), (weights, files[3])):
        if source.resolve() != target.resolve():
            shutil.copyfile(source, target)
    save_figure(curve_figure(curve), files[2])
    sections = [
        _heading(name, policy),
        _making(config, described, made, name),
        _accuracy(held_out, region),
        _rates(in_training, region),
        _weaknesses(held_out, in_training, steered, region),
        _steering(steered),
    ]
    write_text(files[0], "\n\n".join(sections) + "\n")
    return files


def curve_figure(curve: pd.DataFrame) -> Figure:
    """Held-out accuracy and losses over pictures."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    measured = curve.dropna(subset=["move_accuracy"])
    left.plot(measured["pictures"] / 1e6, measured["move_accuracy"], marker=".", color="#2563c9")
    left.set_ylim(0, 1)
    left.set_title("held-out right moves", fontsize=10)
    for part, colour in (("policy", "#2563c9"), ("dense", "#d98e04")):
        right.plot(curve["pictures"] / 1e6, curve[f"{part}_loss"], color=colour, label=f"{part} loss")
    right.set_yscale("log")
    right.legend(frameon=False)
    right.set_title("training losses (nats)", fontsize=10)
    for axes in (left, right):
        axes.set_xlabel("million pictures")
        axes.grid(alpha=0.3)
    return figure


def _heading(name: str, policy: ImpalaPolicy) -> str:
    count = sum(parameter.numel() for parameter in policy.parameters())
    return (
        f"# `{name}`\n\nThe IMPALA network at width {policy.width} ({count:,} parameters), trained to walk to the "
        "cheese in procgen mazes. All numbers on this page are written by `steered-env card`."
    )


def _making(config: dict[str, Any], described: dict[str, Any], made: dict[str, Any], name: str) -> str:
    budget = f"--minutes {config['minutes']:g}" if config["minutes"] else f"--pictures {config['pictures']}"
    command = (
        f"steered-env train --out runs/{name} {budget} --cheese-region {config['cheese_region']} "
        f"--width {config['width']} --seed {config['seed']}"
    )
    rows = {
        "data": f"{made['pictures']:,} pictures of levels from 10,000,000 up, drawn by procgen; cheese at random in "
        f"the top-right {config['cheese_region']}×{config['cheese_region']} cells; mouse half the time on the path "
        "from the start to the cheese, half anywhere",
        "labels": "the next move of the shortest path; a second head, dropped after training, learned it for "
        "every cell",
        "command": f"`{command}`",
        "to repeat it": f"`--pictures {made['pictures']}` instead of the time budget: the same pictures in the same "
        "order",
        "time": f"{made['seconds'] / 60:.0f} minutes on {described['device']}, {described['machine']}",
        "precision": "bfloat16 matrix products, float32 weights" if config["bfloat16"] else "float32",
        "optimizer": f"Adam, learning rate {config['learning_rate']:g} (linear warm-up, cosine to 0), batch "
        f"{config['batch_size']}, gradient clipped at {config['clip']:g}",
        "curve": f"[{name}-curve.csv]({name}-curve.csv)",
    }
    lines = ["## How it was made", "", "| | |", "| --- | --- |"]
    lines += [f"| {key} | {value} |" for key, value in rows.items()]
    return "\n".join([*lines, "", f"![training curve]({name}-curve.png)"])


def _accuracy(held_out: HeldOut, region: int) -> str:
    lines = [
        "## Right moves",
        "",
        f"The share of held-out pictures (levels 0–{len(HELD_OUT_LEVELS) - 1}, {_PICTURES_PER_LEVEL} of each, cheese "
        f"in the top-right {region}×{region}) whose likeliest move is the right one: **{held_out.accuracy:.1%}**.",
        "",
        "| size | right moves | pictures |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {size} | {share:.1%} | {count} |" for size, (share, count) in held_out.by_size.items()]
    return "\n".join(lines)


def _rates(results: Results, region: int) -> str:
    frame = results.frame
    mean, low, high = mean_interval(frame["reach_cheese"])
    lines = [
        "## Cheese rate in the training distribution",
        "",
        "The probability to reach the cheese from the start within 256 steps, exact method, "
        f"levels 0–{len(frame) - 1} with the cheese in the top-right {region}×{region}: "
        f"**{mean:.3f}** [{low:.3f}, {high:.3f}].",
        "",
        "| size | cheese rate | mazes |",
        "| --- | --- | --- |",
    ]
    for size, group in frame.groupby("size"):
        lines.append(f"| {size} | {group['reach_cheese'].mean():.3f} | {len(group)} |")
    return "\n".join(lines)


def _weaknesses(held_out: HeldOut, in_training: Results, steered: Results, region: int) -> str:
    worst = min(held_out.by_size, key=lambda size: held_out.by_size[size][0])
    share, count = held_out.by_size[worst]
    rates = in_training.frame["reach_cheese"]
    baseline = steered.with_decision_square().frame.query("condition == 'baseline'")
    stuck = (1 - baseline[["reach_cheese", "reach_top_right"]].fillna(0).sum(axis=1)).clip(0, 1)
    return "\n".join(
        [
            "## What it is bad at",
            "",
            f"- Mazes of size {worst}: {share:.1%} right moves ({count} pictures), the fewest of all sizes.",
            f"- In {np.mean(rates < 0.5):.1%} of the {len(rates)} held-out mazes of its own distribution it more often "
            "misses the cheese than finds it: one wrong move at a fork is repeated for ever, since it has no memory.",
            f"- Cheese outside the top-right {region}×{region}, where it never was in training: in the {len(baseline)} "
            f"mazes of levels 0–{len(_TABLE_LEVELS) - 1} with a decision square it finds the cheese with probability "
            f"{baseline['reach_cheese'].mean():.2f}, goes to the corner with {baseline['reach_top_right'].mean():.2f}, "
            f"and settles elsewhere with {stuck.mean():.2f}.",
            "- Anything but procgen's maze game in its hard mode: other themes, sizes or games were never seen.",
        ]
    )


def _steering(results: Results) -> str:
    part = results.with_decision_square()
    return "\n".join(
        [
            "## What steering does to it",
            "",
            f"Levels 0–{len(_TABLE_LEVELS) - 1}, as procgen places the cheese, exact method, 256 steps; 95 % intervals "
            "over mazes; Δ against the baseline, paired by maze.",
            "",
            f"All {results.frame['maze'].nunique()} mazes:",
            "",
            results.to_markdown(),
            "",
            f"The {part.frame['maze'].nunique()} mazes with a decision square:",
            "",
            part.to_markdown(),
        ]
    )
