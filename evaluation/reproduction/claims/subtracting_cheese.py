"""Subtracting the cheese vector makes the mouse ignore the cheese."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.reproduction.arrows import share_towards_cheese
from evaluation.reproduction.claim import Claim
from evaluation.reproduction.drawing import distributions
from evaluation.reproduction.finding import Finding, Picture
from evaluation.reproduction.lab import Lab, change, changes, rows_of
from evaluation.reproduction.texts import rates_table
from evaluation.reproduction.thresholds import EFFECT
from evaluation.reproduction.verdict import Check
from evaluation.results import DIFFERENCE, mean_interval, median_interval, share_interval, written
from evaluation.storage import BASELINE
from evaluation.views import fields_figure

_MINUS = "-cheese"
_RAISED_AT_MOST = 0.15


def _measure(lab: Lab) -> Finding:
    frame = lab.decision([BASELINE, _MINUS])
    before, after = (rows_of(frame, condition)["p_cheese_at_decision"] for condition in (BASELINE, _MINUS))
    differences = changes(frame, _MINUS, "p_cheese_at_decision")
    raised = int((differences > 0).sum())
    levels = [int(level) for level in before.index]
    fields = lab.fields([BASELINE, _MINUS], levels)
    shares = np.array([share_towards_cheese(fields[0][level], fields[1][level]) for level in levels])
    fewer = mean_interval(shares[:, 1] - shares[:, 0], within=DIFFERENCE)
    shown = lab.first(1, lab.decision_levels)[0]
    corner = [rows_of(frame, condition)["p_top_right_at_decision"] for condition in (BASELINE, _MINUS)]
    return Finding(
        checks=[
            Check(
                "mean change of P(cheese | decision square)",
                mean_interval(differences, within=DIFFERENCE),
                most=-EFFECT,
            ),
            Check("median change of it", median_interval(differences), most=-EFFECT),
            Check("share of mazes where it rises", share_interval(raised, len(differences)), most=_RAISED_AT_MOST),
            Check("change of the share of net vectors that point toward the cheese", fewer, most=-EFFECT),
        ],
        summary=f"The median P(cheese | decision square) goes from {np.median(before):.2f} to {np.median(after):.2f}; "
        f"it rises in {raised} of {len(differences)} mazes. P(corner | decision square) changes by "
        f"{written(change(frame, _MINUS, 'p_top_right_at_decision'), signed=True)}. Of the net probability vectors "
        f"where the two ways differ, {shares[:, 0].mean():.0%} point toward the cheese before and "
        f"{shares[:, 1].mean():.0%} after.",
        tables={
            "rates": rates_table({condition: rows_of(frame, condition) for condition in (BASELINE, _MINUS)}),
            "every maze": pd.DataFrame(
                {
                    "level": levels,
                    "P(cheese) before": before.round(3).to_numpy(),
                    "P(cheese) after": after.reindex(before.index).round(3).to_numpy(),
                    "vectors toward cheese before": shares[:, 0].round(3),
                    "vectors toward cheese after": shares[:, 1].round(3),
                }
            ),
        },
        pictures=[
            Picture(
                "decision",
                "Action probabilities at the decision square; a point is a maze, a box its quartiles.",
                distributions(
                    {
                        "to the cheese, before": before,
                        "to the cheese, after": after,
                        "to the corner, before": corner[0],
                        "to the corner, after": corner[1],
                        "elsewhere, before": 1 - before - corner[0],
                        "elsewhere, after": 1 - after - corner[1],
                    },
                    "probability",
                ),
            ),
            Picture(
                "field",
                f"Level {shown}: before, after, and the difference.",
                fields_figure(
                    [fields[0][shown], fields[1][shown], fields[1][shown].difference(fields[0][shown])], policy=lab.name
                ),
            ),
        ],
    )


CLAIM = Claim(
    number=2,
    name="subtracting-cheese",
    title="Subtracting the cheese vector makes the mouse ignore the cheese",
    says="With the cheese vector subtracted, the mouse goes on as if there were no cheese: at the decision square "
    "hardly any probability is left on the way to it, and far fewer net probability vectors point toward it.",
    told="median P(cheese | decision square) 0.81 → 0.03; it rises in 1 of 100 mazes",
    how="Exact action probabilities at the decision square, facing left, before and after; and all net probability "
    "vectors of cells where the next steps to cheese and corner differ.",
    rule=f"Mean and median change of P(cheese | decision square) are at most −{EFFECT:g}; it rises in at most "
    f"{_RAISED_AT_MOST:.0%} of mazes; the share of vectors toward the cheese falls by at least {EFFECT:g}.",
    measure=_measure,
    conditions=(BASELINE, _MINUS),
    cost=4,
)
