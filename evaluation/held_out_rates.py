"""Reach rates on held-out mazes of a policy's own training distribution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from steered_env import ImpalaPolicy, Maze
from steered_env.maze.placement import random_cheese_cell
from steered_env.training import HELD_OUT_LEVELS

from .evaluate import evaluate
from .statistics import mean_interval

_KEY = 104_729


def training_mazes(cheese_region: int, levels: Sequence[int]) -> list[Maze]:
    """Held-out mazes with the cheese placed as in training, from a generator keyed by the level."""
    return [
        maze.with_cheese(random_cheese_cell(maze, cheese_region, np.random.default_rng([_KEY, maze.level or 0])))
        for maze in Maze.from_levels(levels)
    ]


def cheese_rate(policy: ImpalaPolicy, cheese_region: int, count: int) -> dict[str, float]:
    """The mean cheese rate over the first ``count`` held-out levels, exact method, as a column of a curve."""
    results = evaluate(policy, mazes=training_mazes(cheese_region, HELD_OUT_LEVELS[:count]))
    return {"cheese_rate": mean_interval(results.frame["reach_cheese"]).mean}
