"""Every layer."""

from __future__ import annotations

import pandas as pd

from evaluation.conditions import BASELINE
from evaluation.reproduce.claim import Claim, DoesNotApplyError, Finding, Picture
from evaluation.reproduce.drawing import dots
from evaluation.reproduce.lab import Lab, change, changes
from evaluation.reproduce.texts import changes_table, written
from evaluation.reproduce.thresholds import LITTLE
from evaluation.reproduce.verdict import Check
from evaluation.statistics import Interval, mean_interval
from steered_env.steering import DEFAULT_LAYER

_VECTORS = {"-cheese": ("p_cheese_at_decision", -1.0), "top_right": ("p_top_right_at_decision", 1.0)}
_LEVELS = 60


def _measure(lab: Lab) -> Finding:
    levels = lab.first(_LEVELS, lab.decision_levels)
    if len(levels) < 4:
        raise DoesNotApplyError("fewer than four mazes with a decision square among these levels")
    places = [layer for layer in lab.policy.stages if layer != DEFAULT_LAYER.removesuffix(".resadd")] + [DEFAULT_LAYER]
    places = sorted(places, key=lab.policy.layers.index)
    conditions = {(v, place): f'{v}(layer="{place}")' for v in _VECTORS for place in places}
    frame = lab.decision([BASELINE, *conditions.values()], levels)
    effect = {
        (vector, place): sign * changes(frame, conditions[vector, place], column)
        for vector, (column, sign) in _VECTORS.items()
        for place in places
    }
    checks, best = [], {}
    for vector in _VECTORS:
        own = effect[vector, DEFAULT_LAYER]
        others = {place: effect[vector, place] for place in places if place != DEFAULT_LAYER}
        best[vector], margin = _best_and_margin(own, others, levels)
        checks.append(Check(f"{vector}: effect here minus in the best other layer", margin, least=-LITTLE))
    shown = {v: {place: mean_interval(effect[v, place]) for place in places} for v in _VECTORS}
    damage = {v: {p: change(frame, conditions[v, p], "reach_either") for p in places} for v in _VECTORS}
    return Finding(
        checks=checks,
        summary=" ".join(
            f"{vector} in the post's layer has an effect of {written(shown[vector][DEFAULT_LAYER], signed=True)}; "
            f"the best other layer "
            f"is {best[vector]}, with {written(shown[vector][best[vector]], signed=True)}."
            for vector in _VECTORS
        ),
        tables={"changes": changes_table(frame, list(conditions.values()))},
        pictures=[
            Picture(
                "effects",
                "The wanted effect at the decision square, by layer.",
                dots(shown, "effect on P(to cheese), P(to corner)", zero=True),
            ),
            Picture(
                "damage",
                "What steering in each layer takes from reaching the cheese or the corner.",
                dots(damage, "change of P(reach either)", zero=True),
            ),
        ],
    )


def _best_and_margin(
    own: pd.Series[float], others: dict[str, pd.Series[float]], levels: list[int]
) -> tuple[str, Interval]:
    """The other layer that is best on every second level, and how much better the post's is on the rest."""
    chosen_on, compared_on = levels[::2], levels[1::2]
    best = max(others, key=lambda place: others[place].reindex(chosen_on).mean())
    return best, mean_interval((own - others[best]).reindex(compared_on))


CLAIM = Claim(
    number=12,
    name="layers",
    title="The layer in the middle of the network is the place to steer",
    says=f"The vectors are taken from and added to one layer, the output of the residual addition {DEFAULT_LAYER}.",
    how=f"Both vectors in every named stage of the network, at the decision square of up to {_LEVELS} mazes. Which "
    f"other layer is best "
    "is found on every second maze and compared on the rest.",
    rule=f"For each vector, the effect in the post's layer is less than {LITTLE:g} below that of the best other "
    f"layer, if at all.",
    measure=_measure,
    cost=10,
)
