"""Subtracting the cheese vector makes the mouse ignore the cheese."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.reproduction.arrows import share_towards_cheese
from evaluation.reproduction.claim import COMPANION, Claim, Quotation
from evaluation.reproduction.drawing import before_and_after, distributions
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab, change, changes, rows_of
from evaluation.reproduction.tables import rates_table
from evaluation.reproduction.verdict import EFFECT, Check
from evaluation.results import DIFFERENCE, mean_interval, median_interval, share_interval
from evaluation.storage import BASELINE

_MINUS = "-cheese"
_CHEESE, _CORNER = "p_cheese_at_decision", "p_top_right_at_decision"
_RAISED_AT_MOST = 0.15


def _measure(lab: Lab) -> Finding:
    frame = lab.decision([BASELINE, _MINUS])
    before, after = (rows_of(frame, condition) for condition in (BASELINE, _MINUS))
    differences = changes(frame, _MINUS, _CHEESE)
    raised = int((differences > 0).sum())
    every_maze = _every_maze(lab, before[_CHEESE], after[_CHEESE])
    toward = every_maze["vectors toward cheese before"], every_maze["vectors toward cheese after"]
    mean_change = mean_interval(differences, within=DIFFERENCE)
    fewer = mean_interval(toward[1] - toward[0], within=DIFFERENCE)
    return Finding(
        checks=[
            Check("mean change of P(cheese | decision square)", mean_change, most=-EFFECT),
            Check("median change of it", median_interval(differences), most=-EFFECT),
            Check("share of mazes where it rises", share_interval(raised, len(differences)), most=_RAISED_AT_MOST),
            Check("change of the share of net vectors that point toward the cheese", fewer, most=-EFFECT),
        ],
        summary=f"The median P(cheese | decision square) goes from {before[_CHEESE].median():.2f} to "
        f"{after[_CHEESE].median():.2f}; it rises in {raised} of {len(differences)} mazes. P(corner | decision square) "
        f"changes by {change(frame, _MINUS, _CORNER):+}. Of the net probability vectors where the "
        f"two ways differ, {toward[0].mean():.0%} point toward the cheese before and {toward[1].mean():.0%} after.",
        tables={"rates": rates_table({BASELINE: before, _MINUS: after}), "every maze": every_maze.round(3)},
        illustrations=_illustrations(lab, before, after),
    )


def _every_maze(lab: Lab, before: pd.Series[float], after: pd.Series[float]) -> pd.DataFrame:
    """One row for each maze: the probabilities of going to the cheese, and where the net vectors point."""
    levels = [int(level) for level in before.index]
    plain, steered = lab.fields([BASELINE, _MINUS], levels)
    shares = np.array([share_towards_cheese(plain[level], steered[level]) for level in levels])
    return pd.DataFrame(
        {
            "level": levels,
            "P(cheese) before": before.to_numpy(),
            "P(cheese) after": after.reindex(before.index).to_numpy(),
            "vectors toward cheese before": shares[:, 0],
            "vectors toward cheese after": shares[:, 1],
        }
    )


def _illustrations(lab: Lab, before: pd.DataFrame, after: pd.DataFrame) -> list[Illustration]:
    ways = {
        "to the cheese": (before[_CHEESE], after[_CHEESE]),
        "to the corner": (before[_CORNER], after[_CORNER]),
        "elsewhere": (1 - before[_CHEESE] - before[_CORNER], 1 - after[_CHEESE] - after[_CORNER]),
    }
    groups = {
        f"{way}, {when}": values
        for way, pair in ways.items()
        for when, values in zip(("before", "after"), pair, strict=True)
    }
    level = lab.first(1, lab.decision_levels)[0]
    return [
        Illustration(
            "decision",
            "Action probabilities at the decision square; a point is a maze, a box its quartiles.",
            distributions(groups, "probability"),
        ),
        before_and_after(lab, _MINUS, level, f"Level {level}"),
    ]


CLAIM = Claim(
    number=2,
    name="subtracting-cheese",
    title="Subtracting the cheese vector makes the mouse ignore the cheese",
    statement="With the cheese vector subtracted, the mouse approximately ignores the cheese: at the decision square "
    "hardly any probability is left on the way to it; and in a maze where it went to the cheese, far fewer net "
    "probability vectors point toward it (the post's appendix).",
    reported="median P(cheese | decision square) 0.81 → 0.03; it rises noticeably in 1 of 100 mazes, by 0.005, and "
    "in a few more by less",
    quotations=(
        Quotation(
            "Subtracting this vector from a typical run will make the network approximately ignore the cheese.",
            'Subtract the "cheese vector", subtract the cheese-seeking?',
            COMPANION,
        ),
        Quotation(
            "The cheese vector decreases median P(cheese | decision square) from .81 to .03",
            "Quantifying the effect of subtracting the cheese vector",
            COMPANION,
        ),
    ),
    method="Exact action probabilities at the decision square, facing left, before and after; and all net probability "
    "vectors of cells where the next steps to cheese and corner differ.",
    criterion=f"Mean and median change of P(cheese | decision square) are at most −{EFFECT:g}; it rises in at most "
    f"{_RAISED_AT_MOST:.0%} of mazes; the share of vectors toward the cheese falls by at least {EFFECT:g}.",
    quick=("mean change of P(cheese | decision square)",),
    measure=_measure,
    conditions=(BASELINE, _MINUS),
    cost=4,
)
