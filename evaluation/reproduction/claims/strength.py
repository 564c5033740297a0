"""How the effects grow with the coefficient, and where behaviour crumbles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.reproduction.claim import POST, Claim, Quotation
from evaluation.reproduction.drawing import lines
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab, change
from evaluation.reproduction.tables import changes_table
from evaluation.reproduction.verdict import EFFECT, LITTLE, Check
from evaluation.results import DIFFERENCE, Interval, mean_interval
from evaluation.storage import BASELINE
from evaluation.views import VectorField
from steered_env.maze import ACTIONS_OF, DIRECTIONS

_COEFFICIENTS = (-5.0, -3.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0)
_SIGNS = {"cheese": -1.0, "top_right": 1.0}
"""The sign with which each vector has its effect; a coefficient here is counted in that direction."""
_COLUMN = {"cheese": "reach_cheese", "top_right": "reach_top_right"}
_NAMES = {"cheese": "−cheese vector", "top_right": "+top-right vector"}
_JUDGED = "top_right"
"""The post says it of this vector."""
_FIELDS = 120


def _expression(vector: str, coefficient: float) -> str:
    signed = _SIGNS[vector] * coefficient
    return {1.0: vector, -1.0: f"-{vector}"}.get(signed, f"{signed:g}*{vector}")


_ALL = tuple(_expression(vector, coefficient) for vector in _SIGNS for coefficient in _COEFFICIENTS)


def _measure(lab: Lab) -> Finding:
    frame = lab.decision([BASELINE, *_ALL])
    effects = {
        name: {c: change(frame, _expression(vector, c), _COLUMN[vector]) for c in _COEFFICIENTS}
        for vector, name in _NAMES.items()
    }
    competence = _competence(lab)
    return Finding(
        checks=_checks(frame, competence),
        summary=_summary(effects, competence),
        tables={"changes": changes_table(frame, list(_ALL)), "real moves": _competence_table(competence)},
        illustrations=[
            Illustration(
                "effects",
                "The effect of each vector (on the cheese, on the corner) by coefficient; negative is the opposite "
                "sign.",
                lines(_from_nothing(effects), "coefficient", "change of probability", zero=True, log=True),
            ),
            Illustration(
                "competence",
                "Competence: the probability that an action moves the mouse, and not into a wall, over all cells.",
                lines(_from_nothing(competence), "coefficient", "change of that probability", zero=True, log=True),
            ),
        ],
    )


def _checks(frame: pd.DataFrame, competence: dict[str, dict[float, Interval]]) -> list[Check]:
    def further(less: float, more: float) -> Interval:
        return change(frame, _expression(_JUDGED, more), _COLUMN[_JUDGED], against=_expression(_JUDGED, less))

    real_moves = "change of the probability of a real move"
    moves = competence[_NAMES[_JUDGED]]
    return [
        Check("+top-right from 0.5 to 1: further change of P(reach corner)", further(0.5, 1), least=0),
        Check("+top-right from 1 to 2: further change of P(reach corner)", further(1, 2), least=0),
        Check(f"+top-right vector × 1: {real_moves}", moves[1.0], least=-LITTLE),
        Check(f"+top-right vector × 10: {real_moves}", moves[10.0], least=-EFFECT),
        Check(f"+top-right vector × 20: {real_moves}", moves[20.0], most=-EFFECT),
    ]


def _competence(lab: Lab) -> dict[str, dict[float, Interval]]:
    """The change of the probability of a real move, by vector and coefficient; over mazes that have the vector."""
    levels = lab.first(_FIELDS, lab.decision_levels)
    mazes = dict(zip(levels, lab.mazes_of(levels), strict=True))
    competence: dict[str, dict[float, Interval]] = {}
    for vector, name in _NAMES.items():
        able = [level for level, maze in mazes.items() if vector != "top_right" or maze.size < len(maze.walls)]
        plain, *steered = lab.fields([BASELINE, *(_expression(vector, c) for c in _COEFFICIENTS)], able)
        before = {level: _real_moves(plain[level]) for level in able}
        competence[name] = {
            coefficient: mean_interval(
                [_real_moves(fields[level]) - before[level] for level in able], within=DIFFERENCE
            )
            for coefficient, fields in zip(_COEFFICIENTS, steered, strict=True)
        }
    return competence


def _real_moves(field: VectorField) -> float:
    """The probability that an action moves the mouse to another cell, averaged over the cells of a field."""
    in_field = np.isfinite(field.probabilities[:, :, 0])
    open_cells = np.pad(~field.maze.walls, 1)
    total = 0.0
    for move, (rows, cols) in DIRECTIONS.items():
        free = open_cells[1 + rows : 1 + rows + len(in_field), 1 + cols : 1 + cols + len(in_field)]
        total += float((field.probabilities[:, :, list(ACTIONS_OF[move])].sum(axis=2) * free)[in_field].sum())
    return total / int(in_field.sum())


def _summary(effects: dict[str, dict[float, Interval]], competence: dict[str, dict[float, Interval]]) -> str:
    sentences = []
    for name, by_coefficient in competence.items():
        first = next((f"{c:g}" for c in _COEFFICIENTS if c > 0 and by_coefficient[c].high < -EFFECT), None)
        extent = f"from {first} on" if first else f"nowhere up to {_COEFFICIENTS[-1]:g}"
        sentences.append(
            f"The {name} changes its rate by {effects[name][0.5]:+} at 0.5, "
            f"{effects[name][1.0]:+} at 1 and {effects[name][2.0]:+} at 2. "
            "The probability of an action that moves the mouse changes by "
            f"{by_coefficient[1.0]:+} at 1 and {by_coefficient[20.0]:+} at 20; "
            f"it falls by more than {EFFECT:g}, with the whole interval, {extent}."
        )
    return " ".join(sentences)


def _competence_table(competence: dict[str, dict[float, Interval]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "coefficient": f"{c:g}",
                **{name: f"{by_coefficient[c]:+}" for name, by_coefficient in competence.items()},
            }
            for c in _COEFFICIENTS
        ]
    )


def _from_nothing(groups: dict[str, dict[float, Interval]]) -> dict[str, dict[float, Interval]]:
    """Add coefficient 0, which changes nothing."""
    return {name: {0.0: Interval(0.0, 0.0, 0.0), **by_coefficient} for name, by_coefficient in groups.items()}


CLAIM = Claim(
    number=7,
    name="strength",
    title="The effect grows with the coefficient; far beyond, behaviour crumbles",
    statement="Half of the top-right vector attracts a little, one or two of it more, though sometimes a larger "
    "coefficient changes little; with ten the mouse still behaves roughly reasonably; pushed too far, the "
    "action distributions crumble. Of the cheese vector the post does not say it.",
    quotations=(
        Quotation("If you want just a little extra attraction, add .5 times the top-right vector.", "Conclusion", POST),
        Quotation(
            "Sometimes, increasing the coefficient strength doesn't change much",
            "Adding the top-right vector with different coefficient strengths",
            POST,
        ),
        Quotation(
            "Why can I just add 10 times the top-right vector and still get roughly reasonable behavior?",
            "Mysteries of algebraic value editing",
            POST,
        ),
        Quotation(
            "Push the coefficient too far, and the action distributions crumble into garbage",
            "Adding the top-right vector with different coefficient strengths",
            POST,
        ),
    ),
    method="Exact reach rates for coefficients from −5 to 20, counted in the direction in which the vector has its "
    "effect. Competence: the probability of an action that moves the mouse, averaged over all open cells of up to "
    f"{_FIELDS} mazes, facing left; it takes no side between the goals.",
    criterion="The effect of the top-right vector grows from 0.5 to 1 and from 1 to 2; competence falls by less than "
    f"{LITTLE:g} at 1, by less than {EFFECT:g} at 10, and by at least {EFFECT:g} at 20. What the cheese vector does is "
    "reported.",
    measure=_measure,
    conditions=(BASELINE, *_ALL),
    cost=12,
)
