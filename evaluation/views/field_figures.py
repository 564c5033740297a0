"""Figures of vector fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke

from evaluation.results import ShownFigure, in_lines, lines_of, policy_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.quiver import Quiver
    from numpy.typing import NDArray

    from steered_env import Maze


class Arrows(Protocol):
    """What a figure shows of a vector field."""

    @property
    def maze(self) -> Maze:
        """The maze."""
        ...

    @property
    def name(self) -> str:
        """Name of the condition."""
        ...

    @property
    def arrows(self) -> NDArray[np.float64]:
        """``(25, 25, 2)`` float64, right and up, NaN where there is none."""
        ...


_PANEL_WIDTH = 42
"""Characters on a line above a panel."""
_REACH = 0.92
"""Share of a cell's side that the longest arrow takes, so that it stays inside its cell."""
_CAPTION_WIDTH = 60
"""Characters of the caption below a panel."""
_PALE, _MARGIN = 0.6, 1.5
_CAPTION = "arrows: probability of choosing right − left and up − down, walls or not, with the mouse there, facing left"


def fields_figure(fields: Sequence[Arrows], *, policy: str | None = None) -> Figure:
    """Draw vector fields side by side over the rendered maze, with cheese, decision square and corner marked.

    All panels have one scale, and an arrow of length 1 below the maze. The figure names level and policy.

    Args:
        fields: Vector fields of one maze.
        policy: Name or path of their policy.
    """
    level = fields[0].maze.level
    heading = [f"level {level}"] if level is not None else []
    heading += [f"policy {policy_name(policy)}"] if policy is not None else []
    titles = max(lines_of(in_lines(field.name, _PANEL_WIDTH)) for field in fields)
    figure = ShownFigure(
        figsize=(4.6 * len(fields), 5.7 + 0.3 * bool(heading) + 0.2 * (titles - 1)), layout="constrained"
    )
    if heading:
        figure.suptitle(in_lines(", ".join(heading), _PANEL_WIDTH * len(fields)), fontsize=11)
    row = figure.subplots(1, len(fields), squeeze=False)[0]
    scale = max(map(_longest, fields))
    for axes, field in zip(row, fields, strict=True):
        draw_field(axes, field, scale=scale)
    handles, labels = row[0].get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside lower center", ncols=len(handles), frameon=False)
    legend.set_title(in_lines(_CAPTION, _CAPTION_WIDTH * len(fields)), FontProperties(size=9))
    return figure


def _longest(field: Arrows) -> float:
    """The length of a field's longest arrow, 1 at least; a difference of fields can have length 2."""
    return float(np.nanmax(np.hypot(field.arrows[:, :, 0], field.arrows[:, :, 1]), initial=1.0))


def draw_field(axes: Axes, field: Arrows, *, scale: float | None = None) -> None:
    """Draw one vector field over its maze, cut to the open cells, with an arrow of length 1 as a key below.

    Args:
        axes: Where to draw.
        field: The field to draw.
        scale: Length of an arrow that just fits into a cell; defaults to that of the field's longest arrow, 1 at least.
    """
    draw_maze(axes, field.maze, below=2)
    arrows = _draw_arrows(axes, field, _longest(field) if scale is None else scale)
    axes.set_title(in_lines(field.name, _PANEL_WIDTH), family="monospace", fontsize=11)
    rows, cols = np.nonzero(~field.maze.walls)
    middle, below = (cols.min() + cols.max()) / 2, rows.min() - 1.2
    key = axes.quiverkey(arrows, middle, below, 1.0, "1.0", coordinates="data", labelpos="E")
    key.text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])  # readable on every background


def _draw_arrows(axes: Axes, field: Arrows, scale: float) -> Quiver:
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


def draw_maze(axes: Axes, maze: Maze, *, below: float = 1.5) -> None:
    """Draw a maze, paler and cut to its open cells, with cheese, decision square and corner marked.

    Args:
        axes: Where to draw; its units are cells then.
        maze: The maze.
        below: Cells of room below the lowest row of open cells.
    """
    side = len(maze.walls)
    axes.imshow(maze.render(), extent=(-0.5, side - 0.5, -0.5, side - 0.5), alpha=_PALE)
    rows, cols = np.nonzero(~maze.walls)
    axes.set_xlim(cols.min() - _MARGIN, cols.max() + _MARGIN)
    axes.set_ylim(rows.min() - below, rows.max() + _MARGIN)
    axes.set_axis_off()
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
