"""Training curves of a run and of those that it started from, and their figure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.results import literal
from steered_env.training import CURVE, OLDER_NAMES, with_present_names

_BLUE, _ORANGE = "#2563c9", "#d98e04"
_NARROWEST = 0.05
"""Range of a rate, so that noise does not look like a trend."""


def read_curve(run: Path, metadata: Mapping[str, Any], name: str) -> pd.DataFrame:
    """Read the training curve of a run, after those of the runs that it started from, where they still exist.

    Where there are several, ``stage`` names each one's run, and ``steps`` and ``seconds`` go on counting.
    """
    curve = pd.read_csv(run / CURVE, float_precision="round_trip").rename(columns=OLDER_NAMES)
    metadata = with_present_names(metadata)
    (count,) = {"examples", "steps"} & set(curve.columns)
    if count in metadata:  # a run that goes on may have come farther than the weights
        curve = curve[curve[count] <= metadata[count]]
    start = metadata["config"].get("start")
    before = Path(start).parent if start else None
    if before is None or not (before / CURVE).is_file() or "config" not in metadata.get("start", {}):
        return curve
    earlier = read_curve(before, metadata["start"], before.name)
    if "stage" not in earlier:
        earlier.insert(0, "stage", before.name)
    curve.insert(0, "stage", name)
    curve[["steps", "seconds"]] += earlier[["steps", "seconds"]].iloc[-1]
    return pd.concat([earlier, curve], ignore_index=True)


def curve_figure(curve: pd.DataFrame) -> Figure:
    """Draw a run's ``curve.csv``: how well it did on held-out mazes, and how training went."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    if "steps" in curve:
        _reinforcement_curve(curve, left, right)
    else:
        _imitation_curve(curve, left, right)
    for axes in (left, right):
        axes.grid(alpha=0.3)
    return figure


def _imitation_curve(curve: pd.DataFrame, left: Axes, right: Axes) -> None:
    millions = curve["examples"] / 1e6
    _line(left, millions, curve["move_accuracy"], _BLUE)
    left.set_ylim(0, 1)
    left.set_title("held-out correct moves", fontsize=10)
    for part, colour in (("policy", _BLUE), ("dense", _ORANGE)):
        right.plot(millions, curve[f"{part}_loss"], color=colour, label=f"{part} loss")
    right.set_yscale("log")
    right.legend(frameon=False)
    right.set_title("training losses (nats)", fontsize=10)
    for axes in (left, right):
        axes.set_xlabel("million examples")


def _reinforcement_curve(curve: pd.DataFrame, left: Axes, right: Axes) -> None:
    lengths = right.twinx()
    stages = curve["stage"] if "stage" in curve else pd.Series("", index=curve.index)
    for number, (name, part) in enumerate(curve.groupby(stages, sort=False)):
        millions = part["steps"] / 1e6
        if "cheese_rate" in part:
            _line(left, millions, part["cheese_rate"], _BLUE)
        right.plot(millions, -part["entropy_loss"], color=_BLUE)
        lengths.plot(millions, part["episode_length"], color=_ORANGE, linewidth=1)
        if name:
            transform = left.get_xaxis_transform()
            left.text(
                millions.iloc[0],
                0.98,
                literal(str(name)),
                fontsize=7,
                rotation=90,
                va="top",
                ha="left",
                transform=transform,
            )
        if number:
            left.axvline(millions.iloc[0], color="0.6", linewidth=0.8)
    left.set_title("held-out cheese rate within 256 steps", fontsize=10)
    right.set_title("entropy (nats, blue); steps of an episode (orange)", fontsize=10)
    right.set_ylim(bottom=0)
    _no_narrower(left)
    if curve["episode_length"].max() > 10 * curve["episode_length"].min():
        lengths.set_yscale("log")
    else:
        lengths.set_ylim(bottom=0)
    for axes in (left, right):
        axes.set_xlabel("million steps")


def _no_narrower(axes: Axes) -> None:
    low, high = axes.get_ylim()
    if high - low < _NARROWEST:
        bottom = min((low + high - _NARROWEST) / 2, 1 - _NARROWEST)
        axes.set_ylim(bottom, bottom + _NARROWEST)


def _line(axes: Axes, x: pd.Series, y: pd.Series, colour: str) -> None:
    measured = y.notna()
    axes.plot(x[measured], y[measured], marker=".", color=colour)
