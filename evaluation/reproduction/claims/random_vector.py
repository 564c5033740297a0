"""A random vector of the same spread."""

from __future__ import annotations

from evaluation.reproduction.claim import COMPANION, Claim, Quotation
from evaluation.reproduction.drawing import lines
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab, change
from evaluation.reproduction.tables import changes_table
from evaluation.reproduction.verdict import EFFECT, LITTLE, Check
from evaluation.storage import BASELINE

_STRENGTHS = (1, 2, 5, 10, 20)
_OF = {strength: f"-{strength}*random" if strength > 1 else "-random" for strength in _STRENGTHS}
_MEASURES = {
    "p_cheese_at_decision": "P(cheese | decision square)",
    "p_top_right_at_decision": "P(corner | decision square)",
    "reach_cheese": "P(reach cheese)",
    "reach_either": "P(reach cheese or corner)",
}


def _measure(lab: Lab) -> Finding:
    frame = lab.decision([BASELINE, *_OF.values()])
    by_strength = {
        title: {float(strength): change(frame, condition, column) for strength, condition in _OF.items()}
        for column, title in _MEASURES.items()
    }
    first, second, cheese = (by_strength[title][1.0] for title in list(_MEASURES.values())[:3])
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
        checks=[Check("change of P(reach cheese) at strength 1", cheese, most=-EFFECT)],
        summary=f"At strength 1 it changes P(reach cheese) by {cheese:+}, P(cheese | decision square) by {first:+} and "
        f"P(corner | decision square) by {second:+}. {crumbling}, with the whole interval.",
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
    title="A random vector of the same magnitude destroys the policy",
    statement="A control: random numbers of similar magnitude to those of the cheese vector, added in the same "
    "layer, destroy the policy and make it somewhat incoherent, which the cheese vector does not. It is shown in one "
    "maze, and how the numbers were drawn is not said.",
    quotations=(
        Quotation(
            "This destroys the policy and makes it somewhat incoherent",
            "Subtracting the cheese vector isn't similar to randomly perturbing activations",
            COMPANION,
        ),
    ),
    method="N(0, 1) times the standard deviation of each maze's own cheese vector, a draw for each maze, subtracted "
    "with growing strength. So its norm is that of the cheese vector, which lies in few numbers (in small most are "
    "0, and one in a hundred holds 60 % of the squared norm): drawn as large as those everywhere, noise would be "
    "several times stronger, which may be why a strength of 1 does less here than in the post.",
    criterion=f"At strength 1 the mouse reaches the cheese less often, by at least {EFFECT:g}: a policy that is "
    "destroyed cannot find it as before. What else changes, and what the vector does when stronger, is reported.",
    measure=_measure,
    conditions=(BASELINE, *_OF.values()),
    cost=2,
)
