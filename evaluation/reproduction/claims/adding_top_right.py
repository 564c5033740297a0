"""Adding the top-right vector attracts to the top right."""

from __future__ import annotations

from evaluation.reproduction.claim import POST, Claim, Quotation
from evaluation.reproduction.drawing import before_and_after, distributions
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab, change, rows_of
from evaluation.reproduction.tables import rates_table
from evaluation.reproduction.verdict import EFFECT, Check
from evaluation.storage import BASELINE
from evaluation.views import record_video

_PLUS = "top_right"
_SHOWN = (0, 2, 22)
_PANEL = 192


def _measure(lab: Lab) -> Finding:
    lab.steerable_levels()  # or the claim does not apply
    frame = lab.decision([BASELINE, _PLUS])
    reached = change(frame, _PLUS, "reach_top_right")
    chosen = change(frame, _PLUS, "p_top_right_at_decision")
    steered = rows_of(frame, _PLUS)
    pair = {BASELINE: rows_of(frame, BASELINE).reindex(steered.index), _PLUS: steered}  # the same mazes in both
    return Finding(
        checks=[
            Check("mean change of P(reach corner)", reached, least=EFFECT),
            Check("mean change of P(corner | decision square)", chosen, least=EFFECT),
        ],
        summary=f"In {len(steered)} mazes with a decision square the mouse reaches the corner in "
        f"{pair[_PLUS]['reach_top_right'].mean():.2f} of episodes instead of "
        f"{pair[BASELINE]['reach_top_right'].mean():.2f}: {reached:+}; P(corner | decision "
        f"square) changes by {chosen:+}.",
        tables={"rates": rates_table(pair)},
        illustrations=[
            Illustration(
                "reached",
                "The probability of reaching the corner; a point is a maze with a decision square.",
                distributions({name: rows["reach_top_right"] for name, rows in pair.items()}, "P(reach corner)"),
            ),
            *_shown(lab),
        ],
    )


def _shown(lab: Lab) -> list[Illustration]:
    illustrations = []
    for level in _SHOWN[:1] if lab.brief else _SHOWN:
        illustrations.append(before_and_after(lab, _PLUS, level, f"Level {level}"))
        if not lab.brief:
            film = lab.folder / f"level-{level}.gif"
            record_video(lab.policy, lab.maze(level), [BASELINE, _PLUS], film, panel=_PANEL, steps=128)
            illustrations.append(Illustration(f"film-{level}", f"Level {level}: an episode of each.", film))
    return illustrations


CLAIM = Claim(
    number=6,
    name="adding-top-right",
    title="Adding the top-right vector attracts the mouse to the top right",
    statement="Added to every forward pass, the top-right vector draws the mouse to the top-right corner of the "
    "maze; shown in single mazes.",
    quotations=(
        Quotation(
            "when added to forward passes in a range of mazes, attracts the agent to the top-right corner of each maze",
            "the overview, before the first section",
            POST,
        ),
    ),
    method="Exact probability of reaching the corner within 256 steps and before the cheese, and action "
    "probabilities at the decision square, over mazes with a decision square that have such a vector (size below 25).",
    criterion=f"Both mean changes are at least {EFFECT:g}.",
    measure=_measure,
    conditions=(BASELINE, _PLUS),
    cost=4,
)
