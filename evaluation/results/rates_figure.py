"""The figure of a table: rates by condition, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from matplotlib.font_manager import FontProperties

from evaluation.storage import RATES

from .figure_text import in_lines, lines_of
from .shown_figure import ShownFigure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Rates(Protocol):
    """What a figure shows of results; see `Results`."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per maze and condition."""
        ...

    @property
    def description(self) -> Mapping[str, Any]:
        """How the results were made."""
        ...

    @property
    def conditions(self) -> list[str]:
        """The conditions in the order they were given."""
        ...

    @property
    def mazes(self) -> int:
        """Number of mazes measured."""
        ...

    @property
    def heading(self) -> str:
        """The policy and the levels, for people."""
        ...

    def with_decision_square(self) -> Rates:
        """The rows of mazes with a decision square."""
        ...

    def summary(self) -> pd.DataFrame:
        """One row per condition: means, intervals, differences."""
        ...


_MEASURES = {
    "reach_cheese": ("the cheese", "#d98e04", "o"),
    "reach_top_right": ("the top right", "#2563c9", "s"),
}
assert set(_MEASURES) <= set(RATES)
_NAME_WIDTH, _TITLE_WIDTH = 34, 110
"""Characters on a line: of a condition beside its row, and of a title."""


def results_figure(results: Rates) -> Figure:
    """Draw how often the mouse reached the cheese and the top right, by condition, with 95 % intervals.

    One panel for the mazes with a decision square, one for all.
    """
    panels = {"mazes with a decision square": results.with_decision_square(), "all mazes": results}
    panels = {title: part for title, part in panels.items() if part is results or len(part.frame)}
    names = [in_lines(name, _NAME_WIDTH) for name in results.conditions]
    height = max(0.55, 0.17 * max(lines_of(name) for name in names) + 0.12)
    figure = ShownFigure(figsize=(10, 2.0 + height * len(names)), layout="constrained")
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
    legend.set_title(
        in_lines(results.heading, _TITLE_WIDTH), FontProperties(size=10)
    )  # a suptitle would lie under the legend
    return figure


def _draw_rates(axes: Axes, results: Rates, title: str) -> None:
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
    unless = " where no n is given" * bool((counts < mazes).to_numpy().any())
    axes.set_title(f"{title} (n = {mazes}{unless})", fontsize=10)
    axes.grid(axis="x", alpha=0.3)
    axes.tick_params(left=False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
