"""Setting the activation over a place in one, a few or all channels that track the cheese."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.measuring import SharedForward
from evaluation.reproduction.channels import SELECTION, Channel, best_tracking_channels
from evaluation.reproduction.claim import COMPANION, Claim, Quotation
from evaluation.reproduction.drawing import dots, heat_maps, lines
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Illustration
from evaluation.reproduction.lab import Lab
from evaluation.reproduction.path_probability import on_the_way, reachable_targets, with_cheese_there
from evaluation.reproduction.verdict import LITTLE, Check
from evaluation.results import DIFFERENCE, Interval, mean_interval
from steered_env import Maze, clamping, setting
from steered_env.maze import distances
from steered_env.simulator import Cell
from steered_env.steering import Intervention, InTurn

_LEVELS, _TARGETS = 60, 8
_BEST, _FEW, _ALL = 1, 7, 11
_AT_A_CHEESE = 0.6
"""The activation of the post's best channel at a cheese, of which the values below are multiples."""
_VALUES = {_BEST: 5.5, _FEW: 2.3, _ALL: 1.0}
_ONE, _SEVEN, _EVERY, _SMOOTHED = "the best channel", "the best 7", "all, up to 11", "the best channel, smoothed"
_NOTHING, _CHEESE = "nothing", "the cheese moved there"
_NEAR = 3
"""Steps from the way to the corner within which a target is near it."""
_BINS = (0, 2, 4, 8, 16)
_MAP_SIZES = (9, 15)


def _measure(lab: Lab) -> Finding:
    channels = best_tracking_channels(lab.policy, lab.mazes_of(SELECTION), _ALL)
    able = [level for level in lab.levels if level not in SELECTION and reachable_targets(lab.maze(level), 1)]
    levels = lab.first(_LEVELS, able)
    if len(levels) < 2:
        raise DoesNotApplyError("fewer than two of these levels have a place that the mouse can be drawn to")
    targets = pd.concat(lab.each(levels, lambda forward, maze: _targets(forward, maze, channels)))
    names = [_NOTHING, _ONE, _SMOOTHED, _SEVEN, _EVERY, _CHEESE]
    mazes = targets.groupby("level")[names].mean()
    gains = {name: mean_interval(mazes[name] - mazes[_NOTHING], within=DIFFERENCE) for name in names[1:]}
    smoothing = mean_interval(mazes[_SMOOTHED] - mazes[_ONE], within=DIFFERENCE)
    nearness = _near_minus_far(targets)
    return Finding(
        checks=[
            Check(f"{_EVERY}: change of the normalised path probability", gains[_EVERY], least=LITTLE),
            Check(f"{_ONE}: the same", gains[_ONE], least=LITTLE),
            Check("smoothed minus not, the best channel", smoothing, -LITTLE, LITTLE),
            Check(f"{_EVERY}: targets near the way to the corner minus far ones", nearness, least=LITTLE),
        ],
        summary=_summary(channels, {name: mean_interval(mazes[name]) for name in names}, nearness),
        tables={"channels": _channel_table(channels), "every target": targets.round(4)},
        illustrations=[
            Illustration(
                "channels",
                "The normalised path probability of targets, by what draws the mouse there.",
                dots({"": {name: mean_interval(mazes[name]) for name in names}}, "normalised path probability"),
            ),
            Illustration(
                "distance",
                "The same by the steps between the target and the way from the start to the corner.",
                lines(_by_distance(targets, [_NOTHING, _ONE, _SEVEN, _EVERY, _CHEESE]), "steps", "path probability"),
            ),
            *([] if lab.brief else _map(lab, levels, channels)),
        ],
    )


def _conditions(channels: list[Channel], target: Cell) -> dict[str, Intervention]:
    best = channels[0]
    everywhere = clamping(best.background, best.background, channels=[best.number])
    return {
        _NOTHING: InTurn(),
        _ONE: _set(channels, _BEST, target),
        _SMOOTHED: everywhere.then(_set(channels, _BEST, target)),
        _SEVEN: _set(channels, _FEW, target),
        _EVERY: _set(channels, _ALL, target),
    }


def _set(channels: list[Channel], count: int, target: Cell) -> Intervention:
    """Set the activations over a target in the best few channels, each to as many times its own value at a cheese."""
    change: Intervention = InTurn()
    for channel in channels[:count]:
        value = _VALUES[count] / _AT_A_CHEESE * channel.value
        change = change.then(setting(value, target, channels=[channel.number]))
    return change


def _targets(forward: SharedForward, maze: Maze, channels: list[Channel]) -> pd.DataFrame:
    """One row for each target of a maze, with its path probability under each condition."""
    chosen = reachable_targets(maze, _TARGETS)
    way = maze.path(maze.mouse, maze.corner)
    moved = with_cheese_there(forward, maze, chosen)
    rows = []
    for target in chosen:
        away = distances(maze.walls, target)
        rows.append(
            {
                "level": maze.level,
                "target": str(target),
                "steps": min(float(away[cell]) for cell in way),
                **on_the_way(forward, maze, target, _conditions(channels, target)),
                _CHEESE: moved[target],
            }
        )
    return pd.DataFrame(rows)


def _near_minus_far(targets: pd.DataFrame) -> Interval:
    near = targets["steps"] <= _NEAR
    means = [targets[part].groupby("level")[_EVERY].mean() for part in (near, ~near)]
    return mean_interval((means[0] - means[1]).dropna(), within=DIFFERENCE)


def _by_distance(targets: pd.DataFrame, names: list[str]) -> dict[str, dict[float, Interval]]:
    bins = np.array([max(bound for bound in _BINS if bound <= steps) for steps in targets["steps"]])
    return {
        name: {
            float(bound): mean_interval(targets[bins == bound].groupby("level")[name].mean())
            for bound in _BINS
            if (bins == bound).any()
        }
        for name in names
    }


def _map(lab: Lab, levels: list[int], channels: list[Channel]) -> list[Illustration]:
    """The path probability of every cell of the first maze of middle size."""
    fitting = [maze for maze in lab.mazes_of(levels) if _MAP_SIZES[0] <= maze.size <= _MAP_SIZES[1]]
    if not fitting:
        return []
    maze, forward = fitting[0], lab.forward()
    cells = reachable_targets(maze, None)
    moved = with_cheese_there(forward, maze, cells)
    maps = {name: np.full(maze.walls.shape, np.nan) for name in (_NOTHING, _EVERY, _CHEESE)}
    for cell in cells:
        conditions = {name: change for name, change in _conditions(channels, cell).items() if name in maps}
        for name, probability in on_the_way(forward, maze, cell, conditions).items():
            maps[name][cell] = probability
        maps[_CHEESE][cell] = moved[cell]
    caption = f"Level {maze.level}: the normalised path probability of every cell, by what draws the mouse there."
    figure = heat_maps(maze, maps, "normalised path probability", policy=lab.policy_name)
    return [Illustration("map", caption, figure)]


def _summary(channels: list[Channel], means: dict[str, Interval], nearness: Interval) -> str:
    return (
        f"{len(channels)} channels track the cheese. The normalised path probability of a target is {means[_NOTHING]} "
        f"with nothing done, {means[_ONE]} with one activation of the best channel set, {means[_SEVEN]} with those of "
        f"the best {min(_FEW, len(channels))}, {means[_EVERY]} with all, and {means[_CHEESE]} with the cheese really "
        f"there. With all set it is {nearness:+} higher for targets within {_NEAR} steps of the way to the corner than "
        "for others."
    )


def _channel_table(channels: list[Channel]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "channel": channel.number,
                "at the cheese": f"{channel.hits:.0%}",
                "value there": round(channel.value, 2),
                **{
                    f"set to, of {count}": round(value / _AT_A_CHEESE * channel.value, 2)
                    for count, value in _VALUES.items()
                },
                "elsewhere": round(channel.background, 2),
            }
            for channel in channels
        ]
    )


CLAIM = Claim(
    number=18,
    name="retargeting-channels",
    title="Setting several channels that track the cheese draws the mouse to a place",
    statement="The mouse can be retargeted by setting the activation over a place in all channels that track the "
    "cheese at once, as by one channel alone; wiping out the rest of that channel gives basically the same effect; and "
    "it works best near the way to the top right.",
    reported="eleven channels by eye; 5.5 in one channel, 2.3 in seven, 1.0 in eleven, where channel 55 is about 0.6 "
    "at a cheese",
    quotations=(
        Quotation(
            "you can modify all the channels at once and retarget behavior that way",
            "Retargeting the agent to maze locations",
            COMPANION,
        ),
        Quotation(
            "This produces basically the same retargetability effect as the single-activation case",
            "Smoothing out the negative values",
            COMPANION,
        ),
    ),
    method=f"Channels that peak at the cheese in more than half of levels {SELECTION[0]} to {SELECTION[-1]}, the best "
    "first, each set over the target to the posts' value divided by 0.6, times its own mean activation at a cheese; "
    "smoothed: the rest of the channel is its mean. The normalised path probability (geometric mean of the move "
    f"probabilities on the shortest path from the start) of up to {_TARGETS} targets in up to {_LEVELS} levels.",
    criterion=f"All channels, and the best alone, each raise it by at least {LITTLE:g}; smoothing changes it by less "
    f"than {LITTLE:g}; with all set it is at least {LITTLE:g} higher for targets within {_NEAR} steps of the way from "
    "the start to the corner than for those farther away.",
    measure=_measure,
    cost=8,
)
