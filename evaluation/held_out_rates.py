"""Reach rates on held-out mazes of a policy's own training distribution."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

import numpy as np

from steered_env import ImpalaPolicy, Maze
from steered_env.maze.placement import random_cheese_cell
from steered_env.training import HELD_OUT_LEVELS

from .evaluate import evaluate

_KEY = 104_729


def training_mazes(cheese_region: int, levels: Iterable[int], sizes: Collection[int] | None = None) -> list[Maze]:
    """Held-out mazes with the cheese placed as in training, from a generator keyed by the level.

    Args:
        cheese_region: side of the top-right region that the cheese lies in.
        levels: which ones.
        sizes: only mazes of these inner sizes; None for all.
    """
    return [
        maze.with_cheese(random_cheese_cell(maze, cheese_region, np.random.default_rng([_KEY, maze.level or 0])))
        for maze in Maze.from_levels(levels)
        if sizes is None or maze.size in sizes
    ]


def cheese_rate(
    policy: ImpalaPolicy, cheese_region: int, count: int, sizes: Collection[int] | None = None
) -> dict[str, float]:
    """The mean cheese rate over the first ``count`` held-out mazes, exact method, as a column of a curve."""
    mazes = _first_mazes(cheese_region, count, None if sizes is None else tuple(sizes))
    results = evaluate(policy, mazes=mazes)
    return {"cheese_rate": float(results.frame["reach_cheese"].mean())}


@lru_cache(maxsize=4)
def _first_mazes(cheese_region: int, count: int, sizes: tuple[int, ...] | None) -> list[Maze]:
    return training_mazes(cheese_region, HELD_OUT_LEVELS, sizes)[:count]
