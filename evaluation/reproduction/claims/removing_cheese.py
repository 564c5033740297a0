"""Subtracting the cheese vector against taking the cheese away."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.reproduction.claim import COMPANION, Claim, Quotation
from evaluation.reproduction.drawing import scatter
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Illustration
from evaluation.reproduction.lab import REMOVED, Lab
from evaluation.reproduction.verdict import LITTLE, Check
from evaluation.results import DIFFERENCE, mean_interval, share_interval
from evaluation.storage import BASELINE
from evaluation.views import fields_figure

_MINUS = "-cheese"
_OFTEN, _NOT_ALWAYS = 0.5, 0.95
"""The least and the largest share of mazes that are the same."""


def _measure(lab: Lab) -> Finding:
    levels = list(lab.levels)
    if len(levels) < 2:
        raise DoesNotApplyError("a mean over fewer than two mazes has no interval")
    plain, subtracted, removed = lab.fields([BASELINE, _MINUS, REMOVED], levels)
    apart = np.array([removed[level].distance(plain[level]) for level in levels])
    left = np.array([removed[level].distance(subtracted[level]) for level in levels])
    shown = lab.first(1, lab.decision_levels or levels)[0]
    distance, before = mean_interval(left), mean_interval(apart)
    less = mean_interval(left - apart / 2, within=DIFFERENCE)
    same = int((left <= LITTLE).sum())
    return Finding(
        checks=[
            Check("share of mazes that are the same", share_interval(same, len(levels)), _OFTEN, _NOT_ALWAYS),
            Check("distance of subtracting to removing, minus half that of doing nothing", less, most=0.0),
        ],
        summary=f"Averaged over cells, the actions with the vector subtracted are {distance} away, in total "
        f"variation, from those with the cheese removed; those of the unsteered mouse are {before} away. "
        f"Subtracting is nearer in {int((left < apart).sum())} of {len(levels)} mazes, and at most {LITTLE:g} away in "
        f"{same}.",
        tables={
            "every maze": pd.DataFrame(
                {"level": levels, "baseline to removed": apart.round(4), "subtracted to removed": left.round(4)}
            )
        },
        illustrations=[
            Illustration(
                "distances",
                "A point is a maze: how far its field is from that without the cheese.",
                scatter({"mazes": (apart, left)}, "baseline to removed", "subtracted to removed"),
            ),
            Illustration(
                "fields",
                f"Level {shown}: the vector subtracted, the cheese removed, and the difference.",
                fields_figure(
                    [subtracted[shown], removed[shown], subtracted[shown].difference(removed[shown])],
                    policy=lab.policy_name,
                ),
            ),
        ],
    )


CLAIM = Claim(
    number=5,
    name="removing-cheese",
    title="Subtracting the cheese vector is often, but not always, like taking the cheese away",
    statement="With the cheese vector, computed once at the start, subtracted everywhere, the mouse sometimes acts "
    "exactly as it does in the same maze without cheese, often basically so, and sometimes differently.",
    quotations=(
        Quotation(
            "Sometimes these conditions do in fact yield identical behavior!",
            "Comparing the modified network against behavior when cheese isn't there",
            COMPANION,
        ),
        Quotation(
            "But sometimes there are differences",
            "Comparing the modified network against behavior when cheese isn't there",
            COMPANION,
        ),
    ),
    method="Total variation distance of the 15 action probabilities, averaged over all open cells, facing left, "
    "level by level; the cell of the cheese itself is left out.",
    criterion=f"A maze counts as the same if its distance is at most {LITTLE:g}. So are {_OFTEN:.0%} to "
    f"{_NOT_ALWAYS:.0%} of mazes, and the mean distance is at most half of that between doing nothing and removing.",
    measure=_measure,
    cost=6,
)
