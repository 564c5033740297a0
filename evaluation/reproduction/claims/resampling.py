"""The channels that track the cheese, with their activations taken from another maze."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.measuring import SharedForward
from evaluation.reproduction.channels import SELECTION, Channel, best_tracking_channels
from evaluation.reproduction.claim import COMPANION, Claim, Quotation
from evaluation.reproduction.drawing import dots
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Illustration
from evaluation.reproduction.lab import Lab
from evaluation.reproduction.verdict import EFFECT, Check
from evaluation.results import DIFFERENCE, Interval, mean_interval
from evaluation.storage import BASELINE
from evaluation.views import fields_of
from steered_env import Maze, Steering, resampling
from steered_env.steering import Intervention

_POOL = range(6000, 8000)
_LEVELS = 60
_MOST = 11
_ELSEWHERE = 5
"""The least number of cells between two cheeses that lie at different places."""
_TRACKING, _OTHERS = "tracking channels", "other channels"
_SAME, _OTHER_PLACE = "cheese at the same place", "cheese elsewhere"


def _measure(lab: Lab) -> Finding:
    channels = best_tracking_channels(lab.policy, lab.mazes_of(SELECTION), _MOST)
    pool = lab.mazes_of(_POOL[:400] if lab.quick else _POOL)
    able = [level for level in lab.levels if level not in SELECTION and _donors(lab.maze(level), pool)]
    levels = lab.first(_LEVELS, able)
    if len(levels) < 2:
        raise DoesNotApplyError("fewer than two of these levels have a maze with its cheese at the same place")
    frame = pd.DataFrame(lab.each(levels, lambda forward, maze: _distances(forward, maze, channels, pool)))
    means = {
        group: {place: mean_interval(frame[f"{group}, {place}"]) for place in (_SAME, _OTHER_PLACE)}
        for group in (_TRACKING, _OTHERS)
    }
    more = {group: frame[f"{group}, {_OTHER_PLACE}"] - frame[f"{group}, {_SAME}"] for group in (_TRACKING, _OTHERS)}
    place = mean_interval(more[_TRACKING], within=DIFFERENCE)
    beyond = mean_interval(more[_TRACKING] - more[_OTHERS], within=(-2, 2))
    return Finding(
        checks=[
            Check(f"{_TRACKING}, {_SAME}: change of the actions", means[_TRACKING][_SAME], most=EFFECT),
            Check(f"{_TRACKING}: elsewhere minus the same place", place, least=0),
            Check("and that minus as much for other channels", beyond, least=0),
        ],
        summary=_summary(channels, means, len(levels)),
        tables={"every maze": frame.round(4)},
        illustrations=[
            Illustration(
                "changes",
                "How much the actions change when a few channels take their activations from another maze.",
                dots(means, "total variation distance, mean over cells"),
            )
        ],
    )


def _donors(maze: Maze, pool: list[Maze]) -> dict[str, Maze] | None:
    """A maze with its cheese at the same place, and one with it elsewhere, drawn by the level; None without either."""
    assert maze.cheese is not None
    places = np.array([donor.cheese for donor in pool], np.float64)
    away = np.hypot(*(places - np.array(maze.cheese)).T)
    fitting = {_SAME: np.flatnonzero(away == 0), _OTHER_PLACE: np.flatnonzero(away >= _ELSEWHERE)}
    if not all(len(donors) for donors in fitting.values()):
        return None
    generator = np.random.default_rng([17, maze.level or 0])
    return {name: pool[int(generator.choice(donors))] for name, donors in fitting.items()}


def _distances(forward: SharedForward, maze: Maze, channels: list[Channel], pool: list[Maze]) -> dict[str, float]:
    donors = _donors(maze, pool)
    assert donors is not None
    tracking = [channel.number for channel in channels]
    policy = forward.policy
    generator = np.random.default_rng([18, maze.level or 0])
    rest = [number for number in range(_channel_count(policy, maze)) if number not in tracking]
    others = sorted(generator.choice(rest, min(len(set(tracking)), len(rest)), replace=False).tolist())
    conditions: dict[str, Intervention] = {BASELINE: Steering()}
    for name, donor in donors.items():
        for group, chosen in ((_TRACKING, tracking), (_OTHERS, others)):
            conditions[f"{group}, {name}"] = resampling(policy, donor, channels=chosen)
    plain, *resampled = fields_of(forward, maze, conditions)
    return {"level": maze.level or 0, **{field.name: field.distance(plain) for field in resampled}}


def _channel_count(policy: object, maze: Maze) -> int:
    (activations,) = Steering.difference(policy, maze, maze).values()
    return int(activations.shape[0])


def _summary(channels: list[Channel], means: dict[str, dict[str, Interval]], count: int) -> str:
    numbers = ", ".join(str(channel.number) for channel in channels)
    track, others = means[_TRACKING], means[_OTHERS]
    return (
        f"Channels {numbers} track the cheese. Taken from another maze, their activations change the actions in "
        f"{count} mazes by {track[_SAME]:.3} where its cheese lies at the same place and by {track[_OTHER_PLACE]:.3} "
        f"where it lies elsewhere; those of as many other channels by {others[_SAME]:.3} and {others[_OTHER_PLACE]:.3}."
    )


CLAIM = Claim(
    number=17,
    name="resampling",
    title="Channels that track the cheese carry where it lies, and little else",
    statement="Replacing the activations of the channels that track the cheese by those of another maze hardly changes "
    "behaviour if that maze has its cheese at the same place, and does if it lies elsewhere; for as many other "
    "channels the place makes no difference. The authors found this weaker than they had expected.",
    reported="mean change over 30 seeds, cheese at the same place and elsewhere: 0.88 % and 1.26 % for the eleven "
    "channels, 0.60 % and 0.54 % for eleven others",
    quotations=(
        Quotation(
            "behavior is mostly unaffected by resampling activations from mazes with cheese at the same spot, but "
            "moderately/strongly affected",
            "Behavior is lightly affected by resampling from mazes with the same cheese location",
            COMPANION,
        ),
    ),
    method=f"Channels that peak at the cheese in more than half of levels {SELECTION[0]} to {SELECTION[-1]}, the best "
    f"{_MOST} at most; in up to {_LEVELS} levels, their activations are replaced by those of a maze drawn from levels "
    f"{_POOL[0]} to {_POOL[-1]} with its cheese at the same place, or at least {_ELSEWHERE} cells away; as many "
    "others, drawn at random, as control. Total variation distance of the action probabilities to the unchanged ones, "
    "averaged over all open cells, facing left.",
    criterion=f"From the same place the tracking channels change the actions by at most {EFFECT:g}; from elsewhere by "
    "more than from the same place; and by more than that difference is for other channels.",
    measure=_measure,
    cost=6,
)
