"""The two vectors together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.reproduction.claim import POST, Claim, Quotation
from evaluation.reproduction.drawing import dots
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab, change, changes
from evaluation.reproduction.tables import changes_table
from evaluation.reproduction.verdict import EFFECT, LITTLE, Check
from evaluation.results import Interval, mean_interval
from evaluation.storage import BASELINE
from evaluation.views import VectorField, fields_figure

_CHEESE, _CORNER, _BOTH = "-cheese", "top_right", "top_right - cheese"
_SUM = "sum of each alone"
_TITLES = {"reach_cheese": "P(reach cheese)", "reach_top_right": "P(reach corner)"}


def _measure(lab: Lab) -> Finding:
    frame = lab.decision([BASELINE, _CHEESE, _CORNER, _BOTH])
    targets = lab.steerable_levels()
    frame = frame[frame.index.get_level_values("level").isin(targets)]  # the same mazes in every condition
    keeps = change(frame, _BOTH, "reach_cheese", against=_CHEESE)
    gains = [change(frame, _BOTH, "reach_top_right", against=alone) for alone in (_CHEESE, _CORNER)]
    fields = lab.fields([BASELINE, _CHEESE, _CORNER, _BOTH], targets)
    missed = mean_interval([_distance_to_sum(*(field[level] for field in fields)) for level in targets])
    moved = mean_interval([fields[3][level].distance(fields[0][level]) for level in targets])
    effects = _effects(frame)
    shown = targets[0]
    return Finding(
        checks=[
            Check("P(reach cheese): both, minus −cheese alone", keeps, most=LITTLE),
            Check("P(reach corner): both, minus −cheese alone", gains[0], least=LITTLE),
            Check("P(reach corner): both, minus top_right alone", gains[1], least=LITTLE),
            Check("distance of both to the sum of each alone, over cells", missed, most=EFFECT),
        ],
        summary=_summary(effects, missed, moved),
        tables={"changes": changes_table(frame, [_CHEESE, _CORNER, _BOTH])},
        illustrations=[
            Illustration(
                "rates",
                "What each does alone, their sum, and the two together.",
                dots(effects, "change of probability", zero=True),
            ),
            Illustration(
                "fields",
                f"Level {shown}: unsteered, each alone, and both.",
                fields_figure([field[shown] for field in fields], policy=lab.policy_name),
            ),
        ],
    )


def _effects(frame: pd.DataFrame) -> dict[str, dict[str, Interval]]:
    """The change of each rate under each condition, and the sum of what the two do alone."""
    effects = {c: {t: change(frame, c, column) for column, t in _TITLES.items()} for c in (_CHEESE, _CORNER, _BOTH)}
    effects[_SUM] = {
        title: mean_interval(changes(frame, _CHEESE, column) + changes(frame, _CORNER, column), within=(-2, 2))
        for column, title in _TITLES.items()
    }
    return effects


def _summary(effects: dict[str, dict[str, Interval]], missed: Interval, moved: Interval) -> str:
    (cheese, corner), sums = effects[_BOTH].values(), list(effects[_SUM].values())
    return (
        f"Together they change P(reach cheese) by {cheese:+} and P(reach corner) by {corner:+}; the sums of what each "
        f"does alone are {sums[0]:+} and {sums[1]:+}. In action probabilities the two together are {missed} from that "
        f"sum, and {moved} from the baseline."
    )


def _distance_to_sum(plain: VectorField, first: VectorField, second: VectorField, both: VectorField) -> float:
    """Total variation of the composed actions to the sum of both changes, cut to [0, 1] and made to sum to 1."""
    expected = (first.probabilities + second.probabilities - plain.probabilities).clip(0, 1)
    expected /= expected.sum(axis=2, keepdims=True)
    varied = 0.5 * np.abs(both.probabilities - expected).sum(axis=2)
    return float(np.nanmean(varied))


CLAIM = Claim(
    number=11,
    name="composition",
    title="The two vectors compose",
    statement="Subtracting the cheese vector and adding the top-right vector at once has both effects: the mouse "
    "ignores the cheese and goes to the top right; the effects are roughly additive.",
    quotations=(
        Quotation("Different x-vectors have roughly additive effects.", "Composing the activation additions", POST),
    ),
    method="Exact reach rates with both, against each alone and against the sum of both changes; and the total "
    "variation distance of the action probabilities to that sum, averaged over cells.",
    criterion=f"With both, the cheese is taken at most {LITTLE:g} more often than with −cheese alone, the corner is "
    f"reached at least {LITTLE:g} more often than with either alone, and the distance to the sum is at most "
    f"{EFFECT:g}.",
    quick=("P(reach corner): both, minus −cheese alone", "P(reach corner): both, minus top_right alone"),
    measure=_measure,
    conditions=(BASELINE, _CHEESE, _CORNER, _BOTH),
    cost=5,
)
