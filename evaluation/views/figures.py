"""Figures of results and of vector fields."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke

from evaluation.results import Results, in_lines
from evaluation.storage import RATES
from steered_env.system import atomic_file

from .fields import VectorField

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.quiver import Quiver

    from steered_env import Maze

_MEASURES = {
    "reach_cheese": ("the cheese", "#d98e04", "o"),
    "reach_top_right": ("the top right", "#2563c9", "s"),
}
assert set(_MEASURES) <= set(RATES)
_DOTS_PER_INCH = 150
_NAME_WIDTH, _TITLE_WIDTH, _PANEL_WIDTH = 34, 110, 42
"""Characters on a line: of a condition beside its row, of a title, and above a panel."""
_REACH = 0.92
"""Share of a cell's side that the longest arrow takes, so that it stays inside its cell."""
_CAPTION = "arrows: probability of choosing right − left and up − down, walls or not, with the mouse there, facing left"


def save_figure(figure: Figure, *paths: Path) -> None:
    """Write a figure to files, each whole or not at all; the suffix names the format."""
    figure.draw_without_rendering()  # the first layout does not know yet how high titles of many lines are
    for path in paths:
        with atomic_file(path) as temporary:
            figure.savefig(temporary, dpi=_DOTS_PER_INCH)


def results_figure(results: Results) -> Figure:
    """Draw how often the mouse reached the cheese and the top right, by condition, with 95 % intervals.

    One panel for the mazes with a decision square, one for all.
    """
    panels = {"mazes with a decision square": results.with_decision_square(), "all mazes": results}
    panels = {title: part for title, part in panels.items() if part is results or len(part.frame)}
    names = [in_lines(name, _NAME_WIDTH) for name in results.conditions]
    height = max(0.55, 0.17 * max(_lines(name) for name in names) + 0.12)
    figure = Figure(figsize=(10, 2.0 + height * len(names)), layout="constrained")
    row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, part) in zip(row, panels.items(), strict=True):
        _draw_rates(axes, part, title)
    row[0].set_yticks(range(len(names)), names, family="monospace")
    row[0].set_ylim(len(results.conditions) - 0.5, -0.5)
    horizon = results.description.get("horizon")
    within = f" within {horizon} steps" if horizon else ""
    figure.supxlabel(f"share of episodes that reach it{within}, 95 % interval over mazes", fontsize=10)
    handles, labels = row[0].get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    legend.set_title(_heading(results), FontProperties(size=10))  # a suptitle would lie under the legend
    return figure


def _heading(results: Results) -> str:
    """Name the policy and the levels of results."""
    policy = results.description.get("policy_name") or results.description.get("policy")
    levels = sorted({int(level) for level in results.frame["level"].dropna()})
    parts = [f"policy {policy_name(str(policy))}"] if policy else []
    if len(levels) == 1:
        parts.append(f"level {levels[0]}")
    elif levels and levels == list(range(levels[0], levels[-1] + 1)):
        parts.append(f"levels {levels[0]}:{levels[-1] + 1}")
    elif levels:
        parts.append(f"{len(levels)} of the levels {levels[0]} to {levels[-1]}")
    return in_lines(", ".join(parts), _TITLE_WIDTH)


def policy_name(policy: str) -> str:
    """Shorten a path to its last part; a packaged policy keeps its name."""
    return Path(policy).name


def _lines(text: str) -> int:
    return text.count("\n") + 1


def _draw_rates(axes: Axes, results: Results, title: str) -> None:
    """Draw rates in one panel; where a rate is of fewer mazes than the others, n stands beside it."""
    mazes = results.mazes
    counts = results.frame.groupby("condition")[list(_MEASURES)].count().reindex(results.conditions)
    summary = results.summary().set_index("condition").reindex(results.conditions)
    offsets = np.linspace(-0.13, 0.13, len(_MEASURES))
    across = axes.get_yaxis_transform()
    for (measure, (label, colour, marker)), offset in zip(_MEASURES.items(), offsets, strict=True):
        mean = summary[measure].to_numpy()
        below = mean - summary[f"{measure}_low"].to_numpy()
        above = summary[f"{measure}_high"].to_numpy() - mean
        axes.errorbar(
            mean,
            np.arange(len(mean)) + offset,
            xerr=np.nan_to_num(np.stack([below, above])).clip(0),
            fmt=marker,
            color=colour,
            capsize=3,
            markersize=6,
            label=label,
        )
        for row, count in enumerate(counts[measure]):
            if count < mazes:
                place = (1.01, row + 1.5 * offset)
                axes.annotate(f"n = {count:.0f}", place, xycoords=across, color=colour, fontsize=7, va="center")
    axes.set_xlim(-0.02, 1.02)
    unless = " unless said" * bool((counts < mazes).to_numpy().any())
    axes.set_title(f"{title} (n = {mazes}{unless})", fontsize=10)
    axes.grid(axis="x", alpha=0.3)
    axes.tick_params(left=False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def fields_figure(fields: Sequence[VectorField], *, policy: str | None = None) -> Figure:
    """Draw vector fields side by side over the rendered maze, with cheese, decision square and corner marked.

    All panels have one scale, and an arrow of length 1 below the maze. The figure names level and policy.

    Args:
        fields: Vector fields of one maze.
        policy: Name or path of their policy.
    """
    level = fields[0].maze.level
    heading = [f"level {level}"] if level is not None else []
    heading += [f"policy {policy_name(policy)}"] if policy is not None else []
    titles = max(_lines(in_lines(field.name, _PANEL_WIDTH)) for field in fields)
    figure = Figure(figsize=(4.6 * len(fields), 5.7 + 0.3 * bool(heading) + 0.2 * (titles - 1)), layout="constrained")
    if heading:
        figure.suptitle(in_lines(", ".join(heading), _PANEL_WIDTH * len(fields)), fontsize=11)
    row = figure.subplots(1, len(fields), squeeze=False)[0]
    scale = max(map(_longest, fields))
    for axes, field in zip(row, fields, strict=True):
        draw_field(axes, field, scale=scale)
    handles, labels = row[0].get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), frameon=False)
    legend.set_title(_CAPTION, FontProperties(size=9))
    return figure


def _longest(field: VectorField) -> float:
    """The length of a field's longest arrow, 1 at least; a difference of fields can have length 2."""
    return float(np.nanmax(np.hypot(field.arrows[:, :, 0], field.arrows[:, :, 1]), initial=1.0))


def draw_field(axes: Axes, field: VectorField, *, scale: float | None = None) -> None:
    """Draw one vector field over its maze, cut to the open cells, with an arrow of length 1 as a key below.

    Args:
        axes: Where to draw.
        field: The field to draw.
        scale: Length of an arrow that just fits into a cell; defaults to that of the field's longest arrow, 1 at least.
    """
    maze = field.maze
    side = len(maze.walls)
    axes.imshow(maze.render(), extent=(-0.5, side - 0.5, -0.5, side - 0.5), alpha=0.6)
    arrows = _draw_arrows(axes, field, _longest(field) if scale is None else scale)
    _mark_places(axes, maze)
    rows, cols = np.nonzero(~maze.walls)
    axes.set_xlim(cols.min() - 1.5, cols.max() + 1.5)
    axes.set_ylim(rows.min() - 2, rows.max() + 1.5)
    axes.set_title(in_lines(field.name, _PANEL_WIDTH), family="monospace", fontsize=11)
    axes.set_axis_off()
    middle, below = (cols.min() + cols.max()) / 2, rows.min() - 1.2
    key = axes.quiverkey(arrows, middle, below, 1.0, "1.0", coordinates="data", labelpos="E")
    key.text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])  # readable on every background


def _draw_arrows(axes: Axes, field: VectorField, scale: float) -> Quiver:
    """Draw a field's arrows; one of length ``scale`` just fits into a cell."""
    rows, cols = np.nonzero(np.isfinite(field.arrows[:, :, 0]))
    right, up = field.arrows[rows, cols].T
    return axes.quiver(
        cols,
        rows,
        right,
        up,
        color="white",
        edgecolor="black",
        linewidth=0.5,
        angles="xy",
        scale_units="xy",
        scale=scale / _REACH,
        units="xy",
        width=0.12,
        headwidth=3.4,
        headlength=3,
        headaxislength=3,
        pivot="mid",
        minlength=0.3,
    )


def _mark_places(axes: Axes, maze: Maze) -> None:
    """Mark cheese, decision square and corner, those that there are."""
    marks = {
        "cheese": (maze.cheese, "o", "#ffd400"),
        "decision square": (maze.decision_square, "D", "#ff4fa3"),
        "corner": (maze.corner, "s", "#3fb4ff"),
    }
    for label, (cell, marker, colour) in marks.items():
        if cell is not None:
            axes.plot(
                cell[1],
                cell[0],
                marker,
                markersize=11,
                markerfacecolor="none",
                markeredgecolor=colour,
                markeredgewidth=2.5,
                linestyle="none",
                label=label,
            )
