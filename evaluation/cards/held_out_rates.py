"""Reach rates on held-out mazes of a policy's own training distribution."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator

import numpy as np

from evaluation._evaluate import evaluate
from steered_env import ImpalaPolicy, Maze
from steered_env.maze import random_cheese_cell

_KEY = 104_729
_AT_ONCE = 128


def held_out_mazes(count: int, sizes: Collection[int] | None = None, *, cheese_region: int | None = None) -> list[Maze]:
    """The first ``count`` mazes, from level 0 on, that no policy was trained on.

    Args:
        count: how many.
        sizes: only mazes of these inner sizes; None for all.
        cheese_region: the cheese lies in the top-right n×n cells as in training, placed by a generator keyed by
            the level; None leaves it where procgen put it.
    """
    levels: Iterator[int] = itertools.count()
    mazes: list[Maze] = []
    while len(mazes) < count:
        some = Maze.from_levels(itertools.islice(levels, _AT_ONCE))
        mazes += [maze for maze in some if sizes is None or maze.size in sizes]
    return [maze if cheese_region is None else _with_cheese(maze, cheese_region) for maze in mazes[:count]]


def cheese_rate(
    policy: ImpalaPolicy, cheese_region: int, count: int, sizes: Collection[int] | None = None
) -> dict[str, float]:
    """The mean cheese rate over ``count`` held-out mazes, exact method, as a column of a curve."""
    mazes = held_out_mazes(count, sizes, cheese_region=cheese_region)
    return {"cheese_rate": float(evaluate(policy, mazes=mazes).frame["reach_cheese"].mean())}


def _with_cheese(maze: Maze, cheese_region: int) -> Maze:
    generator = np.random.default_rng([_KEY, maze.level or 0])
    return maze.with_cheese(random_cheese_cell(maze, cheese_region, generator))
