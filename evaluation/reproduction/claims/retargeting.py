"""Setting one activation draws the mouse to a place (the companion post)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from evaluation.reproduction.claim import COMPANION, POST, Claim, Quotation
from evaluation.reproduction.drawing import heat_maps, scatter
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Illustration
from evaluation.reproduction.lab import Lab
from evaluation.reproduction.path_probability import retargeted, with_cheese_there
from evaluation.reproduction.verdict import CORRELATION, LITTLE, Check
from evaluation.results import DIFFERENCE, Interval, mean_interval, rank_correlation, share_interval
from steered_env import ImpalaPolicy, Maze
from steered_env.maze import reachable
from steered_env.simulator import Cell, draw_observations
from steered_env.steering import DEFAULT_LAYER, Intervention, map_position, read_activations, setting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.measuring import SharedForward

_SELECTION = range(100, 200)
_TUNING = range(100, 112)
_STRENGTHS = (1.0, 2.0, 4.0)
_LEVELS, _TARGETS, _SHOWN = 40, 16, 3
_SHOWN_FROM_SIZE = 7
_NEAR = 1
_CHANNELS_SHOWN = 8


@dataclass(frozen=True)
class _Channel:
    """A channel of the layer, and how well it tracks the cheese.

    Attributes:
        number: Index of the channel.
        sign: 1 if its largest activation is looked at, −1 for its smallest.
        hits: Share of mazes where that activation lies over the cheese.
        value: Mean of that activation where it does.
    """

    number: int
    sign: float
    hits: float
    value: float


@dataclass(frozen=True)
class _Tool:
    """The one activation that is set, and how strongly.

    Attributes:
        forward: The policy.
        channel: The channel that tracks the cheese best.
        strength: What its value at a cheese is multiplied by.
    """

    forward: SharedForward
    channel: _Channel
    strength: float

    def at(self, target: Cell) -> Intervention:
        """The intervention that draws the mouse to a cell."""
        return setting(self.strength * self.channel.value, target, channels=[self.channel.number])

    def probabilities(self, maze: Maze, targets: list[Cell]) -> tuple[dict[Cell, float], dict[Cell, float]]:
        """The normalised path probability of each target, unsteered and with the activation over it set."""
        return retargeted(self.forward, maze, {target: self.at(target) for target in targets})


def _measure(lab: Lab) -> Finding:
    able = [level for level in lab.levels if level not in _SELECTION and _targets(lab.maze(level), None)]
    levels = lab.first(_LEVELS, able)
    if len(levels) < 4:
        raise DoesNotApplyError(
            f"fewer than four levels outside {_SELECTION[0]} to {_SELECTION[-1]}, where channels are selected"
        )
    channels = _tracking(lab.policy, lab.mazes_of(_SELECTION))
    tool = _strongest(lab, channels[0])
    frame = _paths(lab, tool, levels)
    peaks = _peaks_again(lab, tool.channel, levels)
    risen = frame["set"] - frame["unsteered"]
    gain, by_size = mean_interval(risen, within=DIFFERENCE), rank_correlation(frame["size"], risen)
    with_cheese = mean_interval(frame["cheese there"] - frame["unsteered"], within=DIFFERENCE)
    summary = (
        f"Channel {tool.channel.number} peaks within a place of the cheese in {tool.channel.hits:.0%} of levels "
        f"{_SELECTION[0]} to {_SELECTION[-1]}, where it was chosen, and in {peaks.mean:.0%} of the {len(levels)} other "
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


def _strongest(lab: Lab, channel: _Channel) -> _Tool:
    """The strength that raises the path probabilities most, on levels for that alone."""
    forward = lab.forward()
    tools = [_Tool(forward, channel, strength) for strength in _STRENGTHS]
    return max(tools, key=lambda tool: _tuning_gain(lab, tool))


def _paths(lab: Lab, tool: _Tool, levels: list[int]) -> pd.DataFrame:
    """One row for each maze: mean path probabilities of its targets, unsteered, set, and with the cheese there."""
    rows = []
    for number, (level, maze) in enumerate(zip(levels, lab.mazes_of(levels), strict=True)):
        targets = _targets(maze, _TARGETS)
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
        for level in large[: 1 if lab.quick else _SHOWN]
    ]
    return [sizes, *maps]


def _tracking(policy: ImpalaPolicy, mazes: list[Maze]) -> list[_Channel]:
    """All channels with either sign, those first that peak over the cheese most often."""
    maps = _maps(policy, mazes)
    channels = []
    for number in range(maps.shape[1]):
        for sign in (1.0, -1.0):
            near, peaks = _peaks_near_cheese(sign * maps[:, number], mazes)
            value = sign * float(peaks[near].mean()) if near.any() else 0.0
            channels.append(_Channel(number, sign, float(near.mean()), value))
    return sorted(channels, key=lambda channel: -channel.hits)


def _peaks_again(lab: Lab, channel: _Channel, levels: list[int]) -> Interval:
    """The share of mazes, others than it was chosen on, where the channel peaks at the cheese."""
    mazes = lab.mazes_of(levels)
    near, _ = _peaks_near_cheese(channel.sign * _maps(lab.policy, mazes)[:, channel.number], mazes)
    return share_interval(int(near.sum()), len(near))


def _maps(policy: ImpalaPolicy, mazes: list[Maze]) -> NDArray[np.float32]:
    """``(mazes, channels, height, width)`` activations of the layer."""
    maps: NDArray[np.float32] = (
        read_activations(policy, [DEFAULT_LAYER], draw_observations(mazes))[DEFAULT_LAYER].cpu().numpy()
    )
    return maps


def _peaks_near_cheese(maps: NDArray[np.float32], mazes: list[Maze]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Find for each ``(height, width)`` map whether its largest value lies at the cheese, and that value."""
    shape = maps.shape[1:]
    flat = maps.reshape(len(mazes), -1)
    cheeses = np.array([map_position(maze.cheese or maze.corner, *shape) for maze in mazes])
    places = np.stack(np.unravel_index(flat.argmax(axis=1), shape), axis=1)
    return np.abs(places - cheeses).max(axis=1) <= _NEAR, flat.max(axis=1)


def _targets(maze: Maze, count: int | None) -> list[Cell]:
    """Cells that the mouse can get to without passing the cheese, drawn by a generator keyed by the level."""
    walls = maze.walls.copy()
    if maze.cheese is not None:
        walls[maze.cheese] = True
    cells = [(int(row), int(col)) for row, col in np.argwhere(reachable(walls, maze.mouse))]
    cells.remove(maze.mouse)
    if count is None or len(cells) <= count:
        return cells
    chosen = np.random.default_rng([15, maze.level or 0]).choice(len(cells), count, replace=False)
    return [cells[index] for index in sorted(chosen)]


def _tuning_gain(lab: Lab, tool: _Tool) -> float:
    """Average over the mazes for tuning how much setting the activation raises the path probability."""
    gains = []
    for maze in lab.mazes_of(_TUNING[:4] if lab.quick else _TUNING):
        targets = _targets(maze, _TARGETS)
        if not targets:  # the cheese lies right before the mouse
            continue
        before, after = tool.probabilities(maze, targets)
        gains.append(np.mean(list(after.values())) - np.mean(list(before.values())))
    return float(np.mean(gains))


def _heat(lab: Lab, tool: _Tool, maze: Maze) -> Figure:
    before, after = tool.probabilities(maze, _targets(maze, None))
    maps = {}
    for title, probabilities in (("unsteered", before), ("activation set over that cell", after)):
        values = np.full(maze.walls.shape, np.nan)
        for cell, probability in probabilities.items():
            values[cell] = probability
        maps[title] = values
    return heat_maps(maze, maps, "normalised path probability", policy=lab.policy_name)


def _channel_table(channels: list[_Channel]) -> pd.DataFrame:
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
    method=f"The channel whose extreme lies over the cheese most often in levels {_SELECTION[0]} to {_SELECTION[-1]}; "
    f"the strength (1, 2 or 4 times its value at a cheese) that is best in levels {_TUNING[0]} to {_TUNING[-1]}; "
    f"then, in up to {_LEVELS} other levels, whether it still does, and the normalised path probability (geometric "
    f"mean of the move probabilities on the shortest path from the start) of up to {_TARGETS} target cells, before "
    "and after, averaged over targets.",
    criterion="The channel peaks at the cheese in at least half of those other levels; the mean change is at least "
    f"{LITTLE:g}; its rank correlation with maze size is at least {CORRELATION:g}.",
    measure=_measure,
    cost=12,
)
