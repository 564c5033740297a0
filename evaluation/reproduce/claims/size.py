"""The effect by the size of the maze."""

from __future__ import annotations

import pandas as pd

from evaluation.conditions import BASELINE
from evaluation.reproduce.claim import Claim, DoesNotApplyError, Finding, Picture
from evaluation.reproduce.drawing import scatter
from evaluation.reproduce.lab import Lab, changes, rows_of
from evaluation.reproduce.texts import written
from evaluation.reproduce.thresholds import CORRELATION
from evaluation.reproduce.verdict import Check
from evaluation.statistics import mean_interval, rank_correlation

_EFFECTS = {
    "-cheese": ("p_cheese_at_decision", -1.0, "fall of P(cheese | decision square)"),
    "top_right": ("reach_top_right", 1.0, "rise of P(reach corner)"),
}
_BINS = {"3 to 9": (3, 9), "11 to 17": (11, 17), "19 to 25": (19, 25)}


def _measure(lab: Lab) -> Finding:
    frame = lab.decision([BASELINE, *_EFFECTS])
    sizes = rows_of(frame, BASELINE)["size"]
    if sizes.nunique() < 2:
        raise DoesNotApplyError("these levels have mazes of one size alone")
    checks, points, rows = [], {}, []
    for condition, (column, sign, title) in _EFFECTS.items():
        effect = sign * changes(frame, condition, column)
        its_sizes = sizes.reindex(effect.index)
        checks.append(
            Check(f"rank correlation of size and {title}", rank_correlation(its_sizes, effect), least=CORRELATION)
        )
        points[f"{condition}: {title}"] = (its_sizes, effect)
        row = {"effect": title}
        for name, (least, most) in _BINS.items():
            inside = effect[its_sizes.between(least, most)]
            row[name] = f"{written(mean_interval(inside), signed=True)} (n = {len(inside)})"
        rows.append(row)
    return Finding(
        checks=checks,
        summary="The rank correlation of maze size and effect is "
        + " and ".join(
            f"{written(check.interval, signed=True)} for {name}" for check, name in zip(checks, _EFFECTS, strict=True)
        )
        + ".",
        tables={"by size": pd.DataFrame(rows)},
        pictures=[
            Picture(
                "sizes", "The effect in every maze with a decision square, by size.", scatter(points, "size", "effect")
            )
        ],
    )


CLAIM = Claim(
    number=8,
    name="size",
    title="Smaller mazes are usually less affected",
    says="The vectors usually, though not always, have a smaller effect in smaller mazes.",
    how="Spearman's rank correlation of the maze's size and the effect there, over mazes with a decision square.",
    rule=f"For both vectors the correlation is at least {CORRELATION:g}.",
    measure=_measure,
    conditions=(BASELINE, *_EFFECTS),
    cost=1,
)
