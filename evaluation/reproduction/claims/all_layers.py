"""The cheese vector in every layer at once, a little of it."""

from __future__ import annotations

import pandas as pd

from evaluation.measuring import SharedForward
from evaluation.reproduction.claim import COMPANION, Claim
from evaluation.reproduction.decision import choices
from evaluation.reproduction.drawing import dots
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Illustration
from evaluation.reproduction.lab import Lab
from evaluation.reproduction.verdict import EFFECT, Check
from evaluation.results import DIFFERENCE, mean_interval
from evaluation.storage import BASELINE
from steered_env import Maze, Steering, cheese_vector

_COEFFICIENT = -0.05
_ALL, _ONE = "every layer", "one layer, whole"
_CHEESE, _CORNER = "P(cheese | decision square)", "P(corner | decision square)"


def _measure(lab: Lab) -> Finding:
    levels = lab.decision_levels
    if len(levels) < 2:
        raise DoesNotApplyError("fewer than two mazes with a decision square among these levels")
    layers = innermost(lab.policy.layers)
    frame = pd.DataFrame(lab.each(levels, lambda forward, maze: _row(forward, maze, layers), batch=1))
    change = {
        name: {title: frame[f"{name}: {title}"] - frame[f"{BASELINE}: {title}"] for title in (_CHEESE, _CORNER)}
        for name in (_ALL, _ONE)
    }
    means = {
        name: {title: mean_interval(values, within=DIFFERENCE) for title, values in by_title.items()}
        for name, by_title in change.items()
    }
    either = mean_interval(change[_ALL][_CHEESE] + change[_ALL][_CORNER], within=DIFFERENCE)
    return Finding(
        checks=[
            Check(f"{_ALL}: change of {_CHEESE}", means[_ALL][_CHEESE], most=-EFFECT),
            Check(f"{_ALL}: change of the probability of either way", either, least=-EFFECT),
        ],
        summary=f"{_COEFFICIENT:g} times the cheese vector in each of {len(layers)} layers at once changes {_CHEESE} "
        f"by {means[_ALL][_CHEESE]:+} and {_CORNER} by {means[_ALL][_CORNER]:+}; the whole vector subtracted in one "
        f"layer by {means[_ONE][_CHEESE]:+} and {means[_ONE][_CORNER]:+}, in the same {len(levels)} mazes.",
        tables={"every maze": frame.round(4)},
        illustrations=[
            Illustration(
                "changes",
                "A twentieth of the cheese vector subtracted in every layer, and the whole one in one layer.",
                dots(means, "change of probability", zero=True),
            )
        ],
    )


def innermost(layers: tuple[str, ...]) -> list[str]:
    """The layers that hold no other one: what a container puts out is what its last layer does."""
    return [layer for layer in layers if not any(other.startswith(f"{layer}.") for other in layers)]


def _row(forward: SharedForward, maze: Maze, layers: list[str]) -> dict[str, float]:
    policy = forward.policy
    conditions = {
        BASELINE: Steering(),
        _ALL: _COEFFICIENT * cheese_vector(policy, maze, layer=layers),
        _ONE: -cheese_vector(policy, maze),
    }
    row: dict[str, float] = {"level": maze.level or 0}
    for name, choice in choices(forward, maze, conditions).items():
        row |= {f"{name}: {_CHEESE}": choice.cheese, f"{name}: {_CORNER}": choice.corner}
    return row


CLAIM = Claim(
    number=19,
    name="all-layers",
    title="A little of the cheese vector in every layer at once works too",
    statement="Subtracting the cheese vector in all layers at once, with a coefficient of −0.05, makes the mouse "
    f"ignore the cheese as the whole vector in one layer does. The authors' words for it were not at hand "
    f"({COMPANION.title} does not have it), and are not quoted.",
    reported="a coefficient of −0.05 in all layers worked",
    method="The vector of each layer that holds no other one, from the first convolution to both heads, computed at "
    "the start and added with this coefficient; action probabilities at the decision square, facing left, against the "
    "unsteered ones. Each layer sees what the earlier ones made of theirs.",
    criterion=f"{_CHEESE} falls by at least {EFFECT:g}, and the mouse still takes one of the two ways: the probability "
    f"of either falls by less than {EFFECT:g}.",
    measure=_measure,
    cost=2,
)
