"""A random vector of the same spread."""

from __future__ import annotations

from evaluation.reproduction.claim import Claim
from evaluation.reproduction.drawing import lines
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab, change
from evaluation.reproduction.tables import changes_table
from evaluation.reproduction.verdict import LITTLE, Check
from evaluation.storage import BASELINE

_STRENGTHS = (1, 2, 5, 10, 20)
_OF = {strength: f"-{strength}*random" if strength > 1 else "-random" for strength in _STRENGTHS}
_MEASURES = {
    "p_cheese_at_decision": "P(cheese | decision square)",
    "p_top_right_at_decision": "P(corner | decision square)",
    "reach_either": "P(reach cheese or corner)",
}


def _measure(lab: Lab) -> Finding:
    frame = lab.decision([BASELINE, *_OF.values()])
    by_strength = {
        title: {float(strength): change(frame, condition, column) for strength, condition in _OF.items()}
        for column, title in _MEASURES.items()
    }
    first, second = (by_strength[title][1.0] for title in list(_MEASURES.values())[:2])
    harmful = [
        f"{strength:g}"
        for strength, interval in by_strength["P(reach cheese or corner)"].items()
        if interval.high < -LITTLE
    ]
    crumbling = (
        f"From strength {harmful[0]} on it reaches neither place by more than {LITTLE:g} more often"
        if harmful
        else f"Up to strength {_STRENGTHS[-1]} it does not reach neither place by more than {LITTLE:g} more often"
    )
    return Finding(
        checks=[
            Check(f"change of {title} at strength 1", interval, -LITTLE, LITTLE)
            for title, interval in zip(_MEASURES.values(), (first, second), strict=False)
        ],
        summary=f"At strength 1 it changes P(cheese | decision square) by {first:+} and P(corner | "
        f"decision square) by {second:+}. {crumbling}, with the whole interval.",
        tables={"changes": changes_table(frame, list(_OF.values()))},
        illustrations=[
            Illustration(
                "strengths",
                "What a random vector changes, by its strength.",
                lines(by_strength, "strength", "change of probability", zero=True, log=True),
            )
        ],
    )


CLAIM = Claim(
    number=4,
    name="random-vector",
    title="A random vector of the same spread does little",
    statement="It is not any vector of that size that does it: noise with the cheese vector's spread leaves the "
    "mouse as it was.",
    method="N(0, 1) times the standard deviation of each maze's own cheese vector, a draw for each maze, subtracted "
    "with growing strength.",
    criterion="At strength 1 the mean changes of both probabilities at the decision square lie, with their whole "
    f"intervals, within {LITTLE:g} of 0. What it does when stronger is reported.",
    measure=_measure,
    conditions=(BASELINE, *_OF.values()),
    cost=2,
)
