"""The opposite signs do little."""

from __future__ import annotations

from evaluation.reproduction.claim import COMPANION, POST, Claim, Quotation
from evaluation.reproduction.drawing import dots
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab, change
from evaluation.reproduction.tables import changes_table
from evaluation.reproduction.verdict import LITTLE, Check
from evaluation.storage import BASELINE

_OPPOSITE = {"cheese": "adding the cheese vector", "-top_right": "subtracting the top-right vector"}
_MEASURES = {
    "p_cheese_at_decision": "P(cheese | decision square)",
    "p_top_right_at_decision": "P(corner | decision square)",
}
_RATES = {"reach_cheese": "P(reach cheese)", "reach_top_right": "P(reach corner)"}


def _measure(lab: Lab) -> Finding:
    frame = lab.decision([BASELINE, *_OPPOSITE])
    by_vector = {
        name: {title: change(frame, condition, column) for column, title in (_MEASURES | _RATES).items()}
        for condition, name in _OPPOSITE.items()
    }
    checks = [
        Check(f"{name}: change of {title}", by_vector[name][title], -LITTLE, LITTLE)
        for name in _OPPOSITE.values()
        for title in _MEASURES.values()
    ]
    texts = [
        f"{name[0].upper()}{name[1:]} changes P(cheese | decision square) by "
        f"{by_vector[name]['P(cheese | decision square)']:+} and P(corner | decision square) by "
        f"{by_vector[name]['P(corner | decision square)']:+}."
        for name in _OPPOSITE.values()
    ]
    return Finding(
        checks=checks,
        summary=" ".join(texts),
        tables={"changes": changes_table(frame, list(_OPPOSITE))},
        illustrations=[
            Illustration(
                "changes", "What the opposite signs change.", dots(by_vector, "change of probability", zero=True)
            )
        ],
    )


CLAIM = Claim(
    number=3,
    name="opposite-signs",
    title="Adding the cheese vector, or subtracting the top-right vector, does little",
    statement="Each vector works in one direction: adding the cheese vector does not make the mouse keener on the "
    "cheese, and subtracting the top-right vector does not drive it from the corner.",
    quotations=(
        Quotation("In reality, not much happened.", "Not much happens when you add the cheese vector", COMPANION),
        Quotation(
            "you can't subtract the top-right vector to decrease the probability of going to the top-right",
            "Subtracting the top-right vector has little effect",
            POST,
        ),
    ),
    method="Action probabilities at the decision square, facing left, against the baseline.",
    criterion=f"All four mean changes lie, with their whole intervals, within {LITTLE:g} of 0.",
    measure=_measure,
    conditions=(BASELINE, *_OPPOSITE),
    cost=1,
)
