"""Every layer."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from evaluation.reproduction.claim import POST, Claim, Quotation
from evaluation.reproduction.drawing import dots
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Illustration
from evaluation.reproduction.lab import Lab, change, changes
from evaluation.reproduction.tables import changes_table
from evaluation.reproduction.verdict import LITTLE, Check
from evaluation.results import DIFFERENCE, Interval, mean_interval
from evaluation.storage import BASELINE
from steered_env.steering import DEFAULT_LAYER

_LEVELS = 120


@dataclass(frozen=True)
class _Wanted:
    """The wanted effect of a vector: a measure that it changes, up or down."""

    vector: str
    column: str
    sign: float
    title: str
    short: str


_WANTED = (
    _Wanted(
        "-cheese", "p_cheese_at_decision", -1.0, "−cheese: fall of P(cheese | decision square)", "−cheese, at decision"
    ),
    _Wanted("-cheese", "reach_cheese", -1.0, "−cheese: fall of P(reach cheese)", "−cheese, cheese reached"),
    _Wanted(
        "top_right",
        "p_top_right_at_decision",
        1.0,
        "top_right: rise of P(corner | decision square)",
        "top_right, at decision",
    ),
    _Wanted("top_right", "reach_top_right", 1.0, "top_right: rise of P(reach corner)", "top_right, corner reached"),
)
_VECTORS = ("-cheese", "top_right")


@dataclass(frozen=True)
class _Compared:
    """The post's layer against the best other one, which is chosen for each half of the mazes on the other half."""

    best: tuple[str, ...]
    own: Interval
    others: Interval
    margin: Interval


def _measure(lab: Lab) -> Finding:
    levels = lab.first(_LEVELS, lab.decision_levels)
    if len(levels) < 4:
        raise DoesNotApplyError("fewer than four mazes with a decision square among these levels")
    places = _places(lab)
    conditions = {(v, place): f'{v}(layer="{place}")' for v in _VECTORS for place in places}
    frame = lab.decision([BASELINE, *conditions.values()], levels)
    effect = {
        wanted: {p: wanted.sign * changes(frame, conditions[wanted.vector, p], wanted.column) for p in places}
        for wanted in _WANTED
    }
    compared = {wanted: _compare(by_place, levels) for wanted, by_place in effect.items()}
    shown = {
        w.short: {p: mean_interval(by_place[p], within=DIFFERENCE) for p in places} for w, by_place in effect.items()
    }
    damage = {v: {p: change(frame, conditions[v, p], "reach_either") for p in places} for v in _VECTORS}
    return Finding(
        checks=[Check(f"{w.title}: here minus best other layer", c.margin, least=-LITTLE) for w, c in compared.items()],
        summary=_summary(compared),
        tables={"changes": changes_table(frame, list(conditions.values()))},
        illustrations=[
            Illustration(
                "effects",
                "The wanted effect of each vector, by layer: at the decision square, and on the rate.",
                dots(shown, "effect", zero=True),
            ),
            Illustration(
                "damage",
                "What steering in each layer takes from reaching the cheese or the corner.",
                dots(damage, "change of P(reach either)", zero=True),
            ),
        ],
    )


def _places(lab: Lab) -> list[str]:
    """Every stage of the network, the post's layer for the stage that it ends."""
    ended = DEFAULT_LAYER.removesuffix(".resadd")
    places = [DEFAULT_LAYER if layer == ended else layer for layer in lab.policy.stages]
    return sorted({*places, DEFAULT_LAYER}, key=lab.policy.layers.index)


def _compare(effect: dict[str, pd.Series[float]], levels: list[int]) -> _Compared:
    own, halves = effect[DEFAULT_LAYER].reindex(levels), (levels[::2], levels[1::2])
    best, parts = [], []
    for chosen_on, compared_on in (halves, halves[::-1]):
        best.append(max((p for p in effect if p != DEFAULT_LAYER), key=lambda p: effect[p].reindex(chosen_on).mean()))
        parts.append(effect[best[-1]].reindex(compared_on))
    other = pd.concat(parts).reindex(levels)
    intervals = (mean_interval(values, within=DIFFERENCE) for values in (own, other, own - other))
    return _Compared(tuple(dict.fromkeys(best)), *intervals)


def _summary(compared: dict[_Wanted, _Compared]) -> str:
    parts = [
        f"{wanted.title}, {comparison.own:+} here and {comparison.others:+} in "
        f"{' or '.join(comparison.best)}, the best other: {comparison.margin:+}"
        for wanted, comparison in compared.items()
    ]
    return "; ".join(parts) + " (paired; for each half of the mazes the other layer was chosen on the other half)."


CLAIM = Claim(
    number=12,
    name="layers",
    title="No other layer is better to steer than the one in the middle",
    statement="The vectors are taken from and added to one layer, the output of the residual addition "
    f"{DEFAULT_LAYER}. It was chosen by subtracting the cheese vector in every layer and taking one that seemed "
    "interesting. The post does not say that it is the best; whether another is better is asked here.",
    quotations=(
        Quotation(
            "by simply subtracting the cheese vector from all available layers, and choosing the one layer which "
            "seemed interesting",
            "a footnote to Finding the top-right vector",
            POST,
        ),
    ),
    method=f"Both vectors in every named stage of the network, in up to {_LEVELS} mazes with a decision square, by "
    "what they do there and to the rates. Which other layer is best is found for each measure by itself, and for "
    "each half of the mazes on the other half.",
    criterion=f"For each vector and each measure, the effect in the post's layer is less than {LITTLE:g} below that "
    "of the best other layer, if at all.",
    measure=_measure,
    cost=10,
)
