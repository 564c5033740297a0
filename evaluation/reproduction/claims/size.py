"""The effect by the size of the maze."""

from __future__ import annotations

import pandas as pd

from evaluation.reproduction.claim import POST, Claim, Quotation
from evaluation.reproduction.drawing import scatter
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Illustration
from evaluation.reproduction.lab import Lab, changes, rows_of
from evaluation.reproduction.verdict import CORRELATION, Check
from evaluation.results import DIFFERENCE, mean_interval, rank_correlation
from evaluation.storage import BASELINE

_EFFECTS = {
    "-cheese": ("p_cheese_at_decision", -1.0, "fall of P(cheese | decision square)"),
    "top_right": ("reach_top_right", 1.0, "rise of P(reach corner)"),
}
_JUDGED = "top_right"
"""The post says it of this vector."""
_BINS = {"3 to 9": (3, 9), "11 to 17": (11, 17), "19 to 25": (19, 25)}


def _measure(lab: Lab) -> Finding:
    frame = lab.decision([BASELINE, *_EFFECTS])
    sizes = rows_of(frame, BASELINE)["size"]
    if sizes.nunique() < 2:
        raise DoesNotApplyError("these levels have mazes of one size alone")
    correlations, points, rows = {}, {}, []
    for condition, (column, sign, title) in _EFFECTS.items():
        effect = sign * changes(frame, condition, column)
        its_sizes = sizes.reindex(effect.index)
        correlations[condition] = rank_correlation(its_sizes, effect)
        points[f"{condition}: {title}"] = (its_sizes, effect)
        row = {"effect": title}
        for name, (least, most) in _BINS.items():
            inside = effect[its_sizes.between(least, most)]
            row[name] = f"{mean_interval(inside, within=DIFFERENCE):+} (n = {len(inside)})"
        rows.append(row)
    title = _EFFECTS[_JUDGED][2]
    return Finding(
        checks=[Check(f"{_JUDGED}: rank correlation of size and {title}", correlations[_JUDGED], least=CORRELATION)],
        summary="The rank correlation of maze size and effect is "
        + " and ".join(f"{correlation:+} for {name}" for name, correlation in correlations.items())
        + ".",
        tables={"by size": pd.DataFrame(rows)},
        illustrations=[
            Illustration(
                "sizes", "The effect in every maze with a decision square, by size.", scatter(points, "size", "effect")
            )
        ],
    )


CLAIM = Claim(
    number=8,
    name="size",
    title="Smaller mazes are usually less affected by the top-right vector",
    statement="Adding the top-right vector usually, though not always, has a smaller effect in smaller mazes.",
    quotations=(
        Quotation("Smaller mazes are usually (but not always) less affected", "Finding the top-right vector", POST),
    ),
    method="Spearman's rank correlation of the maze's size and the effect there, over mazes with a decision square; "
    "for the cheese vector too, of which the post does not say it.",
    criterion=f"For the top-right vector the correlation is at least {CORRELATION:g}.",
    measure=_measure,
    conditions=(BASELINE, *_EFFECTS),
    cost=1,
)
