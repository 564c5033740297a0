"""What predicts whether the mouse takes the cheese."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.reproduction.claim import COMPANION, Claim, Quotation, Source
from evaluation.reproduction.drawing import dots
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Illustration
from evaluation.reproduction.lab import Lab, rows_of
from evaluation.reproduction.regression import Regression, accuracy, fit, variance_inflation
from evaluation.reproduction.verdict import LITTLE, Check
from evaluation.results import DIFFERENCE, Interval, mean_interval
from evaluation.storage import BASELINE
from steered_env import Maze

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FIRST = 100_000
_APART = 20_000
"""Levels between the first ones of two networks."""
_PER_LEVEL, _PER_LEVEL_MEMBER, _PER_LEVEL_QUICK = 50, 15, 5
_FITTED = 0.8
"""Share of the mazes that the model is fitted on; the rest validates it."""
_MOST, _FEWEST = 10_000, 40
_AT_ONCE = 100
_TO_CHEESE, _PATH, _CHEESE_CORNER, _REGION = (
    "Euclidean distance decision square–cheese",
    "path distance decision square–cheese",
    "Euclidean distance cheese–corner",
    "Euclidean distance decision square–top-right 5×5",
)
_FOUR = (_TO_CHEESE, _PATH, _CHEESE_CORNER, _REGION)
_THREE = (_TO_CHEESE, _PATH, _CHEESE_CORNER)
_POSTS = {
    "four": {_TO_CHEESE: -0.623, _PATH: -1.084, _CHEESE_CORNER: -2.786, _REGION: 1.326},
    "three": {_TO_CHEESE: -0.516, _PATH: -0.577, _CHEESE_CORNER: -1.405},
}
_STATISTICS = Source(
    "Behavioural statistics for a maze-solving agent",
    "https://www.lesswrong.com/posts/eowhY5NaCaqY6Pkj9/behavioural-statistics-for-a-maze-solving-agent",
)


def _measure(lab: Lab) -> Finding:
    mazes = _mazes(lab, _count(lab))
    fitted = round(_FITTED * len(mazes))
    frame = rows_of(lab.decision([BASELINE], [int(maze.level or 0) for maze in mazes]), BASELINE)
    got = frame["reach_cheese"].to_numpy(np.float64)
    if got.min() == got.max():
        raise DoesNotApplyError("the mouse takes the cheese equally often in all of these mazes")
    distances = pd.DataFrame([_distances(maze) for maze in mazes])
    values = (distances - distances.mean()) / distances.std(ddof=0)
    train, test = slice(None, fitted), slice(fitted, None)
    four, three = (fit(values[train], got[train], factors) for factors in (_FOUR, _THREE))
    right = {
        name: accuracy(model.predicts_cheese(values[test]), got[test])
        for name, model in (("four", four), ("three", three))
    }
    always = accuracy(np.full(len(mazes) - fitted, got[train].mean() > 0.5), got[test])
    accuracies = {
        "four factors": mean_interval(right["four"]),
        "three factors": mean_interval(right["three"]),
        "always the same": mean_interval(always),
        "the best possible": mean_interval(np.maximum(got[test], 1 - got[test])),
    }
    gain = mean_interval(right["four"] - always, within=DIFFERENCE)
    return Finding(
        checks=_checks(four, three, gain),
        summary=_summary(four, accuracies, got),
        tables={
            "coefficients": _table(four, three, values),
            "accuracy": pd.DataFrame(
                [{"prediction": name, "right in": format(i, ".3")} for name, i in accuracies.items()]
            ),
        },
        illustrations=[
            Illustration(
                "coefficients",
                "The coefficients of the model with four factors, and those of the post's network.",
                dots(
                    {
                        "here": {factor: four.interval(factor) for factor in _FOUR},
                        "the post's network": {f: Interval(c, c, c) for f, c in _POSTS["four"].items()},
                    },
                    "logits for each standard deviation of the factor",
                    zero=True,
                ),
            )
        ],
    )


def _count(lab: Lab) -> int:
    per_level = _PER_LEVEL_QUICK if lab.quick else _PER_LEVEL if lab.member is None else _PER_LEVEL_MEMBER
    return min(_MOST, max(_FEWEST, per_level * len(lab.levels)))


def _mazes(lab: Lab, count: int) -> list[Maze]:
    """The first mazes with a decision square from a level on that is the network's own."""
    first = _FIRST + (lab.member or 0) * _APART
    blocks = (lab.mazes_of(range(start, start + _AT_ONCE)) for start in range(first, first + _APART, _AT_ONCE))
    able = (maze for block in blocks for maze in block if maze.decision_square is not None)
    return list(islice(able, count))


def _distances(maze: Maze) -> dict[str, float]:
    square, cheese = maze.decision_square, maze.cheese
    assert square is not None
    assert cheese is not None
    region = np.argwhere(maze.top_right_region() & ~maze.walls)
    return {
        _TO_CHEESE: float(np.hypot(square[0] - cheese[0], square[1] - cheese[1])),
        _PATH: float(len(maze.path(square, cheese)) - 1),
        _CHEESE_CORNER: float(np.hypot(cheese[0] - maze.corner[0], cheese[1] - maze.corner[1])),
        _REGION: float(np.hypot(*(region - np.array(square)).T).min()),
    }


def _checks(four: Regression, three: Regression, gain: Interval) -> list[Check]:
    index = four.factors.index(_CHEESE_CORNER)
    lead = four.interval_of(lambda c: np.abs(c[..., index]) - np.delete(np.abs(c), index, axis=-1).max(axis=-1))
    return [
        *(Check(f"four factors, {factor}", four.interval(factor), most=0) for factor in _THREE),
        Check(f"four factors, {_REGION}", four.interval(_REGION), least=0),
        Check(f"four factors, {_CHEESE_CORNER}: how much stronger than the next", lead, least=0),
        *(Check(f"three factors, {factor}", three.interval(factor), most=0) for factor in _THREE),
        Check("four factors, accuracy minus that of always predicting the same", gain, least=LITTLE),
    ]


def _summary(four: Regression, accuracies: dict[str, Interval], got: NDArray[np.float64]) -> str:
    strongest = max(_FOUR, key=lambda factor: abs(four.interval(factor).mean))
    return (
        f"In {len(got)} mazes the mouse takes the cheese in {got.mean():.1%} of episodes. Four factors predict it in "
        f"{accuracies['four factors']:.3} of episodes in mazes that they were not fitted on, three in "
        f"{accuracies['three factors']:.3}, always the same guess in {accuracies['always the same']:.3}, and whoever "
        f"knows each probability in {accuracies['the best possible']:.3}. The strongest factor is the {strongest}, "
        f"{four.interval(strongest):+}."
    )


def _table(four: Regression, three: Regression, values: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name, model in (("four", four), ("three", three)):
        inflation = variance_inflation(values, model.factors)
        rows += [
            {
                "factors": name,
                "factor": factor,
                "coefficient": format(model.interval(factor), "+.3"),
                "the post's": f"{_POSTS[name][factor]:+.3f}",
                "variance inflation": f"{inflation[factor]:.2f}",
            }
            for factor in model.factors
        ]
    return pd.DataFrame(rows)


CLAIM = Claim(
    number=16,
    name="behaviour",
    title="Distances predict whether the mouse takes the cheese",
    statement="In mazes with a decision square the mouse takes the cheese less often the farther it lies from that "
    "square, by path and as seen, and from the top-right corner, which matters most; and more often the farther the "
    "square lies from the top-right 5×5, which the authors later took for an artefact. Three factors without that one "
    "keep their signs.",
    reported="coefficients −0.623 (decision square–cheese), −1.084 (path), −2.786 (cheese–corner), +1.326 "
    "(square–5×5), right in 83.3 %, where always guessing cheese is right in 69.1 %; later −0.516, −0.577, −1.405, "
    "right in 82.4 %",
    quotations=(
        Quotation(
            "By regressing on these four factors, the model achieved a prediction accuracy of 83.3%",
            "Behavioral statistics",
            COMPANION,
        ),
        Quotation(
            "Overall regression accuracy is 82.4%.",
            "Can our three features explain the network's behavior?",
            _STATISTICS,
        ),
    ),
    method="L1-regularised logistic regression (scikit-learn, C = 1) of the exact probability of taking the cheese "
    "within 256 steps: each maze stands twice, with weight p as taken and 1 − p as not. Factors are standardised, as "
    f"in the authors' published code. The first mazes with a decision square from level {_FIRST} on, {_PER_LEVEL} for "
    f"each level of the run and {_MOST} at most ({_PER_LEVEL_MEMBER} for each level, and mazes of its own, for each of "
    f"several networks); {_FITTED:.0%} of them are for fitting, the rest for validation. An accuracy is the mean of p "
    "where cheese is predicted and of 1 − p elsewhere. Intervals: mazes are weighted at random and the model is "
    "fitted again.",
    criterion="In both models the three distances of the cheese have negative coefficients, with the whole interval; "
    "that of the square to the 5×5 is positive; the distance cheese–corner has the largest; and four factors are right "
    f"in at least {LITTLE:g} more than always predicting the same.",
    measure=_measure,
    cost=10,
)
