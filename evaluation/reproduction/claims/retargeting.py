"""Setting one activation draws the mouse to a place (the companion post)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from evaluation.reproduction.channels import (
    SELECTION,
    Channel,
    channel_maps,
    peaks_near_cheese,
    tracking_channels,
)
from evaluation.reproduction.claim import COMPANION, POST, Claim, Quotation
from evaluation.reproduction.drawing import heat_maps, scatter
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Illustration
from evaluation.reproduction.lab import Lab
from evaluation.reproduction.path_probability import reachable_targets, retargeted, with_cheese_there
from evaluation.reproduction.verdict import CORRELATION, LITTLE, Check
from evaluation.results import DIFFERENCE, Interval, mean_interval, rank_correlation, share_interval
from steered_env import Maze
from steered_env.simulator import Cell
from steered_env.steering import Intervention, setting

if TYPE_CHECKING:
    from evaluation.measuring import SharedForward

_TUNING = range(100, 112)
_STRENGTHS = (1.0, 2.0, 4.0)
_LEVELS, _TARGETS, _SHOWN = 40, 16, 3
_SHOWN_FROM_SIZE = 7
_CHANNELS_SHOWN = 8


@dataclass(frozen=True)
class _Tool:
    """The one activation that is set, and how strongly.

    Attributes:
        forward: The policy.
        channel: The channel that tracks the cheese best.
        strength: What its value at a cheese is multiplied by.
    """

    forward: SharedForward
    channel: Channel
    strength: float

    def at(self, target: Cell) -> Intervention:
        """The intervention that draws the mouse to a cell."""
        return setting(self.strength * self.channel.value, target, channels=[self.channel.number])

    def probabilities(self, maze: Maze, targets: list[Cell]) -> tuple[dict[Cell, float], dict[Cell, float]]:
        """The normalised path probability of each target, unsteered and with the activation over it set."""
        return retargeted(self.forward, maze, {target: self.at(target) for target in targets})


def _measure(lab: Lab) -> Finding:
    able = [level for level in lab.levels if level not in SELECTION and reachable_targets(lab.maze(level), None)]
    levels = lab.first(_LEVELS, able)
    if len(levels) < 4:
        raise DoesNotApplyError(
            f"fewer than four levels outside {SELECTION[0]} to {SELECTION[-1]}, where channels are selected"
        )
    channels = tracking_channels(lab.policy, lab.mazes_of(SELECTION))
    tool = _strongest(lab, channels[0])
    frame = _paths(lab, tool, levels)
    peaks = _peaks_again(lab, tool.channel, levels)
    risen = frame["set"] - frame["unsteered"]
    gain, by_size = mean_interval(risen, within=DIFFERENCE), rank_correlation(frame["size"], risen)
    with_cheese = mean_interval(frame["cheese there"] - frame["unsteered"], within=DIFFERENCE)
    summary = (
        f"Channel {tool.channel.number} peaks within a place of the cheese in {tool.channel.hits:.0%} of levels "
        f"{SELECTION[0]} to {SELECTION[-1]}, where it was chosen, and in {peaks.mean:.0%} of the {len(levels)} other "
        f"mazes. Setting its one activation over a target to {tool.strength * tool.channel.value:.2f}, "
        f"{tool.strength:g} times what it is at a cheese, changes the normalised path probability of the target by "
        f"{gain:+}; really moving the cheese there changes it by "
        f"{with_cheese:+}. The rank correlation of that change with maze size is "
        f"{by_size:+}."
    )
    return Finding(
        checks=[
            Check("share of other mazes where the channel peaks at the cheese", peaks, least=0.5),
            Check("change of the normalised path probability of the target", gain, least=LITTLE),
            Check("rank correlation of size and that change", by_size, least=CORRELATION),
        ],
        summary=summary,
        tables={"channels": _channel_table(channels), "every maze": frame.round(4)},
        illustrations=_illustrations(lab, tool, frame),
    )


def _strongest(lab: Lab, channel: Channel) -> _Tool:
    """The strength that raises the path probabilities most, on levels for that alone."""
    forward = lab.forward()
    tools = [_Tool(forward, channel, strength) for strength in _STRENGTHS]
    return max(tools, key=lambda tool: _tuning_gain(lab, tool))


def _paths(lab: Lab, tool: _Tool, levels: list[int]) -> pd.DataFrame:
    """One row for each maze: mean path probabilities of its targets, unsteered, set, and with the cheese there."""
    rows = []
    for number, (level, maze) in enumerate(zip(levels, lab.mazes_of(levels), strict=True)):
        targets = reachable_targets(maze, _TARGETS)
        before, after = tool.probabilities(maze, targets)
        columns = {
            "unsteered": before,
            "set": after,
            "cheese there": with_cheese_there(tool.forward, maze, targets),
        }
        means = {name: float(np.mean(list(by_target.values()))) for name, by_target in columns.items()}
        rows.append({"level": level, "size": maze.size, **means})
        lab.on_progress((number + 1) / len(levels))
    return pd.DataFrame(rows)


def _illustrations(lab: Lab, tool: _Tool, frame: pd.DataFrame) -> list[Illustration]:
    large = frame.loc[frame["size"] >= _SHOWN_FROM_SIZE, "level"].tolist()
    points = {"mazes": (frame["size"], frame["set"] - frame["unsteered"])}
    sizes = Illustration(
        "sizes",
        "How much setting the activation raises the normalised path probability, by maze size.",
        scatter(points, "size", "change of path probability"),
    )
    maps = [
        Illustration(
            f"heat-{level}",
            f"Level {level}: the normalised path probability of every cell, unsteered, and when the activation over "
            "that cell is set.",
            _heat(lab, tool, lab.maze(level)),
        )
        for level in large[: 0 if lab.member is not None else 1 if lab.quick else _SHOWN]
    ]
    return [sizes, *maps]


def _peaks_again(lab: Lab, channel: Channel, levels: list[int]) -> Interval:
    """The share of mazes, others than it was chosen on, where the channel peaks at the cheese."""
    mazes = lab.mazes_of(levels)
    near, _ = peaks_near_cheese(channel.sign * channel_maps(lab.policy, mazes)[:, channel.number], mazes)
    return share_interval(int(near.sum()), len(near))


def _tuning_gain(lab: Lab, tool: _Tool) -> float:
    """Average over the mazes for tuning how much setting the activation raises the path probability."""
    gains = []
    for maze in lab.mazes_of(_TUNING[:4] if lab.brief else _TUNING):
        targets = reachable_targets(maze, _TARGETS)
        if not targets:  # the cheese lies right before the mouse
            continue
        before, after = tool.probabilities(maze, targets)
        gains.append(np.mean(list(after.values())) - np.mean(list(before.values())))
    return float(np.mean(gains))


def _heat(lab: Lab, tool: _Tool, maze: Maze) -> Figure:
    before, after = tool.probabilities(maze, reachable_targets(maze, None))
    maps = {}
    for title, probabilities in (("unsteered", before), ("activation set over that cell", after)):
        values = np.full(maze.walls.shape, np.nan)
        for cell, probability in probabilities.items():
            values[cell] = probability
        maps[title] = values
    return heat_maps(maze, maps, "normalised path probability", policy=lab.policy_name)


def _channel_table(channels: list[Channel]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "channel": channel.number,
                "peak": "largest" if channel.sign > 0 else "smallest",
                "at the cheese": f"{channel.hits:.0%}",
                "value there": round(channel.value, 2),
            }
            for channel in channels[:_CHANNELS_SHOWN]
        ]
    )


CLAIM = Claim(
    number=15,
    name="retargeting",
    title="Setting one activation of a channel that tracks the cheese draws the mouse to that place",
    statement="From the companion post: some channels of the layer track the cheese; setting one activation of such "
    "a channel by hand often draws the mouse to the place under it, reliably in the upper right and less so elsewhere, "
    "and less in smaller mazes than in larger ones.",
    reported="eleven of 128 channels track the cheese; one activation of channel 55, which is about 0.6 at a cheese, "
    "is set to +5.5",
    quotations=(
        Quotation(
            "When we set one of the channel activations to +5.5, the agent often navigates to the maze location",
            "the caption of the first figure",
            COMPANION,
        ),
        Quotation(
            "The agent also tends to be less retargetable in smaller mazes.", "Finding the top-right vector", POST
        ),
    ),
    method=f"The channel whose extreme lies over the cheese most often in levels {SELECTION[0]} to {SELECTION[-1]}; "
    f"the strength (1, 2 or 4 times its value at a cheese) that is best in levels {_TUNING[0]} to {_TUNING[-1]}; "
    f"then, in up to {_LEVELS} other levels, whether it still does, and the normalised path probability (geometric "
    f"mean of the move probabilities on the shortest path from the start) of up to {_TARGETS} target cells, before "
    "and after, averaged over targets.",
    criterion="The channel peaks at the cheese in at least half of those other levels; the mean change is at least "
    f"{LITTLE:g}; its rank correlation with maze size is at least {CORRELATION:g}.",
    measure=_measure,
    cost=12,
)
