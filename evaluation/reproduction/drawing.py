"""The figures that claims share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from evaluation.results import Interval, literal
from evaluation.storage import BASELINE
from evaluation.views import fields_figure
from steered_env import Maze

from .finding import Illustration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from .lab import Lab

COLOURS = ("#2563c9", "#d98e04", "#16875d", "#b8336a", "#6b4fbb", "#6b7280")
_WIDTH = 7.2
_LINE = 0.2
"""Inches, as `_WIDTH`."""


def dots(groups: Mapping[str, Mapping[str, Interval]], label: str, *, zero: bool = False) -> Figure:
    """Draw means with their intervals, one row for each label, one colour for each group.

    Args:
        groups: Group to label to interval.
        label: Label of the axis.
        zero: Draw a line at 0.
    """
    rows = list(dict.fromkeys(row for group in groups.values() for row in group))
    figure = Figure(figsize=(_WIDTH, 1.1 + 0.42 * len(rows)), layout="constrained")
    axes = figure.subplots()
    offsets = np.linspace(-0.14, 0.14, len(groups)) if len(groups) > 1 else [0.0]
    for (name, group), offset, colour in zip(groups.items(), offsets, COLOURS, strict=False):
        places = [rows.index(row) + offset for row in group]
        mean, low, high = np.array(list(group.values()), np.float64).T
        bars = np.nan_to_num([mean - low, high - mean]).clip(0)
        axes.errorbar(mean, places, xerr=bars, fmt="o", color=colour, capsize=3, markersize=5, label=literal(name))
    axes.set_yticks(range(len(rows)), [literal(row) for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    if zero:
        axes.axvline(0, color="#9ca3af", linewidth=1)
    return _finished(figure, axes, label, "", len(groups) > 1)


def lines(
    groups: Mapping[str, Mapping[float, Interval]], x_label: str, y_label: str, *, zero: bool = False, log: bool = False
) -> Figure:
    """Draw means over a number, with their intervals as bands.

    Args:
        groups: Group to number to interval.
        x_label: Label of the numbers' axis.
        y_label: Label of the means' axis.
        zero: Draw a line at 0.
        log: Stretch the numbers near 0.
    """
    figure = Figure(figsize=(_WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    for (name, group), colour in zip(groups.items(), COLOURS, strict=False):
        x = sorted(group)
        mean, low, high = np.array([group[number] for number in x], np.float64).T
        axes.plot(x, mean, "o-", color=colour, markersize=4, linewidth=1.6, label=literal(name))
        axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    if zero:
        axes.axhline(0, color="#9ca3af", linewidth=1)
    if log:
        axes.set_xscale("symlog", linthresh=1, linscale=0.6)
        ticks = sorted({number for group in groups.values() for number in group})
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=8)
        axes.minorticks_off()
    return _finished(figure, axes, x_label, y_label, len(groups) > 1)


def scatter(groups: Mapping[str, tuple[ArrayLike, ArrayLike]], x_label: str, y_label: str) -> Figure:
    """Draw levels as points, one colour for each group."""
    figure = Figure(figsize=(_WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    for (name, (x, y)), colour in zip(groups.items(), COLOURS, strict=False):
        axes.scatter(x, y, s=22, color=colour, alpha=0.65, linewidths=0, label=literal(name))
    axes.axhline(0, color="#9ca3af", linewidth=1)
    return _finished(figure, axes, x_label, y_label, len(groups) > 1)


def distributions(groups: Mapping[str, ArrayLike], label: str) -> Figure:
    """Draw every level as a point and the quartiles as a box, one row for each group."""
    figure = Figure(figsize=(_WIDTH, 1.1 + 0.6 * len(groups)), layout="constrained")
    axes = figure.subplots()
    generator = np.random.default_rng(0)
    for row, (values, colour) in enumerate(zip(groups.values(), COLOURS * 3, strict=False)):
        numbers = np.asarray(values, np.float64)
        numbers = numbers[~np.isnan(numbers)]
        jitter = row + generator.uniform(-0.2, 0.2, len(numbers))
        axes.scatter(numbers, jitter, s=14, color=colour, alpha=0.55, linewidths=0)
        axes.boxplot(
            numbers,
            positions=[row],
            orientation="horizontal",
            widths=0.55,
            showfliers=False,
            medianprops={"color": "black", "linewidth": 2},
            manage_ticks=False,
        )
    axes.set_yticks(range(len(groups)), [literal(name) for name in groups])
    axes.set_ylim(len(groups) - 0.5, -0.5)
    return _finished(figure, axes, label, "", False)


def matrix(
    values: NDArray[np.float64], rows: Sequence[str], columns: Sequence[str], x_label: str, y_label: str
) -> Figure:
    """Draw numbers around 0 as colours, with their values."""
    figure = Figure(figsize=(_WIDTH, 1.6 + 0.34 * len(rows)), layout="constrained")
    axes = figure.subplots()
    most = float(np.nanmax(np.abs(values), initial=0.01))
    image = axes.imshow(values, cmap="RdBu", vmin=-most, vmax=most, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            dark = abs(value) > 0.6 * most
            axes.text(
                column,
                row,
                f"{round(value, 2) + 0.0:.2f}",
                ha="center",
                va="center",
                fontsize=7,
                color="w" if dark else "k",
            )
    axes.set_xticks(range(len(columns)), [literal(name) for name in columns], fontsize=8)
    axes.set_yticks(range(len(rows)), [literal(name) for name in rows], fontsize=8)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    figure.colorbar(image, ax=axes, shrink=0.9)
    return figure


def before_and_after(lab: Lab, condition: str, level: int, caption: str) -> Illustration:
    """The fields of one level unsteered and under a condition, and their difference."""
    plain, steered = (fields[level] for fields in lab.fields([BASELINE, condition], [level]))
    figure = fields_figure([plain, steered, steered.difference(plain)], policy=lab.policy_name)
    return Illustration(f"field-{level}", f"{caption}: before, after, and the difference.", figure)


def name_policy(figure: Figure, policy: str) -> None:
    """Name the policy below a figure that has no title, in a line of its own."""
    if figure.get_suptitle():
        return
    height = figure.get_figheight() + _LINE
    figure.set_figheight(height)
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(rect=(0, _LINE / height, 1, 1 - _LINE / height))
    below = 0.2 * _LINE / height
    figure.text(0.99, below, literal(f"policy {policy}"), ha="right", va="bottom", fontsize=8, color="#6b7280")


def heat_maps(maze: Maze, maps: Mapping[str, NDArray[np.float64]], label: str, *, policy: str) -> Figure:
    """Draw numbers from 0 to 1 in the cells of a maze, one map for each title; NaN is left blank."""
    figure = Figure(figsize=(_WIDTH, 0.7 + 0.8 * _WIDTH / max(2, len(maps))), layout="constrained")
    row = figure.subplots(1, len(maps), squeeze=False)[0]
    level = [f"level {maze.level}"] if maze.level is not None else []
    figure.suptitle(literal(", ".join([*level, f"policy {policy}"])), fontsize=10)
    rows, cols = np.nonzero(~maze.walls)
    for axes, (name, values) in zip(row, maps.items(), strict=True):
        image = axes.imshow(np.where(maze.walls, np.nan, values), cmap="inferno", vmin=0, vmax=1, origin="lower")
        axes.set_facecolor("#d1d5db")
        marks = {"start": (maze.mouse, "^"), "cheese": (maze.cheese, "o")}
        for mark, (cell, shape) in marks.items():
            if cell is not None:
                axes.plot(cell[1], cell[0], shape, color="#22c55e", markersize=7, linestyle="none", label=mark)
        axes.set_xlim(cols.min() - 0.5, cols.max() + 0.5)
        axes.set_ylim(rows.min() - 0.5, rows.max() + 0.5)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(literal(name), fontsize=10)
    figure.colorbar(image, ax=row.tolist(), shrink=0.8, label=label)
    handles, labels = row[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _finished(figure: Figure, axes: Axes, x_label: str, y_label: str, legend: bool) -> Figure:
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(alpha=0.25)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if legend:
        figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure
