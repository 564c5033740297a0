"""How the effects grow with the coefficient, and where behaviour crumbles."""

from __future__ import annotations

from evaluation.conditions import BASELINE
from evaluation.reproduce.claim import Claim, Finding, Picture
from evaluation.reproduce.drawing import lines
from evaluation.reproduce.lab import Lab, change
from evaluation.reproduce.texts import changes_table, written
from evaluation.reproduce.thresholds import EFFECT, LITTLE
from evaluation.reproduce.verdict import Check
from evaluation.statistics import Interval

_COEFFICIENTS = (-5.0, -3.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0)
_SIGNS = {"cheese": -1.0, "top_right": 1.0}
"""The sign with which each vector has its effect; a coefficient here is counted in that direction."""
_COLUMN = {"cheese": "reach_cheese", "top_right": "reach_top_right"}
_NAMES = {"cheese": "−cheese vector", "top_right": "+top-right vector"}


def _expression(vector: str, coefficient: float) -> str:
    signed = _SIGNS[vector] * coefficient
    return {1.0: vector, -1.0: f"-{vector}"}.get(signed, f"{signed:g}*{vector}")


_ALL = tuple(_expression(vector, coefficient) for vector in _SIGNS for coefficient in _COEFFICIENTS)


def _measure(lab: Lab) -> Finding:
    frame = lab.decision([BASELINE, *_ALL])
    effects, competence = {}, {}
    for vector, name in _NAMES.items():
        conditions = {coefficient: _expression(vector, coefficient) for coefficient in _COEFFICIENTS}
        effects[name] = {c: change(frame, condition, _COLUMN[vector]) for c, condition in conditions.items()}
        competence[name] = {c: change(frame, condition, "reach_either") for c, condition in conditions.items()}
    growth = [change(frame, _expression(v, 1.0), c, against=_expression(v, 0.5)) for v, c in _COLUMN.items()]
    crumbled = {
        name: next((f"{c:g}" for c in _COEFFICIENTS if c > 0 and found[c].high < -EFFECT), "none up to 20")
        for name, found in competence.items()
    }
    return Finding(
        checks=[
            Check("from 0.5 to 1: further change of P(reach cheese)", growth[0], most=0.0),
            Check("from 0.5 to 1: further change of P(reach corner)", growth[1], least=0.0),
            *(
                Check(f"{name} × 1: change of P(reach either)", found[1.0], least=-LITTLE)
                for name, found in competence.items()
            ),
            *(
                Check(f"{name} × 20: change of P(reach either)", found[20.0], most=-EFFECT)
                for name, found in competence.items()
            ),
        ],
        summary="Behaviour crumbles (P(reach cheese or corner) falls by more than "
        f"{EFFECT:g}, with its whole interval) at coefficient {crumbled['−cheese vector']} of the cheese vector and "
        f"{crumbled['+top-right vector']} of the top-right vector. At 20, P(reach either) changes by "
        f"{written(competence['−cheese vector'][20.0], signed=True)} and "
        f"{written(competence['+top-right vector'][20.0], signed=True)}.",
        tables={"changes": changes_table(frame, list(_ALL))},
        pictures=[
            Picture(
                "effects",
                "The effect of each vector (on the cheese, on the corner) by coefficient; negative is the opposite "
                "sign.",
                lines(_from_nothing(effects), "coefficient", "change of probability", zero=True, log=True),
            ),
            Picture(
                "competence",
                "Competence: what is left of reaching the cheese or the corner.",
                lines(_from_nothing(competence), "coefficient", "change of P(reach either)", zero=True, log=True),
            ),
        ],
    )


def _from_nothing(groups: dict[str, dict[float, Interval]]) -> dict[str, dict[float, Interval]]:
    """With coefficient 0, which changes nothing."""
    return {name: {0.0: Interval(0.0, 0.0, 0.0), **found} for name, found in groups.items()}


CLAIM = Claim(
    number=7,
    name="strength",
    title="The effect grows with the coefficient at first; far beyond, behaviour crumbles",
    says="A coefficient near 1 does most of it and keeps the mouse competent; coefficients many times as large break "
    "it.",
    how="Exact reach rates for coefficients from −5 to 20, counted in the direction in which the vector has its "
    "effect; "
    "competence is the probability of reaching the cheese or the corner.",
    rule=f"Both effects grow from 0.5 to 1; at 1 competence falls by less than {LITTLE:g} for both vectors; at 20 by "
    f"at least "
    f"{EFFECT:g} for both.",
    measure=_measure,
    conditions=(BASELINE, *_ALL),
    cost=8,
)
