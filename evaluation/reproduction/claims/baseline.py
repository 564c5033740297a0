"""How often the mouse takes the cheese, unsteered."""

from __future__ import annotations

from evaluation.reproduction.claim import COMPANION, Claim, Quotation
from evaluation.reproduction.drawing import distributions
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab, rows_of
from evaluation.reproduction.tables import rates_table
from evaluation.reproduction.verdict import Check
from evaluation.results import mean_interval
from evaluation.storage import BASELINE

_POST = 0.691
_WITHIN = 0.1


def _measure(lab: Lab) -> Finding:
    frame = rows_of(lab.decision([BASELINE]), BASELINE)
    everywhere = lab.table().frame.query("condition == @BASELINE")
    cheese = mean_interval(frame["reach_cheese"])
    elsewhere = mean_interval(1 - frame["reach_either"])
    reached = {
        "the cheese": frame["reach_cheese"],
        "the corner, before the cheese": frame["reach_top_right"],
        "neither: it settles elsewhere": 1 - frame["reach_either"],
    }
    return Finding(
        checks=[Check("P(cheese within 256 steps)", cheese, _POST - _WITHIN, _POST + _WITHIN)],
        summary=f"The mouse takes the cheese in {cheese} of episodes in {len(frame)} mazes with a decision "
        f"square, and settles elsewhere in {elsewhere}; in all {len(everywhere)} mazes it takes it in "
        f"{mean_interval(everywhere['reach_cheese'])}.",
        tables={
            "mazes with a decision square": rates_table({BASELINE: frame}),
            "all mazes": rates_table({BASELINE: everywhere}),
        },
        illustrations=[
            Illustration(
                "reached",
                "What the unsteered mouse reaches; a point is a maze with a decision square, a box its quartiles.",
                distributions(reached, "probability within 256 steps"),
            )
        ],
    )


CLAIM = Claim(
    number=1,
    name="baseline",
    title="Unsteered, the mouse takes the cheese in most mazes, but not in all",
    statement="In mazes where the ways to cheese and corner part, the network usually but not always takes the cheese.",
    reported="69.1 % of mazes with a decision square, an episode in each; 71.4 % of 5,239 such mazes in a later post",
    quotations=(Quotation("the agent gets the cheese in 69.1% of these mazes", "Behavioral statistics", COMPANION),),
    method="Exact probability of reaching the cheese within 256 steps, from the start, over mazes with a decision "
    "square.",
    criterion=f"The 95 % interval of the mean lies within {_WITHIN:g} of the post's {_POST:g}.",
    measure=_measure,
    conditions=(BASELINE,),
    cost=1,
)
