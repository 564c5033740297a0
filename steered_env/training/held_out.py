"""The mazes that no policy is trained on, and how well a policy moves in them."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from steered_env.maze import ACTIONS_OF, DIRECTIONS, Maze, random_cheese_cell
from steered_env.policy import ImpalaPolicy

from .examples import Examples, draw_examples

HELD_OUT_LEVELS = range(1000)
"""Below every training level; the cheese is placed as in training."""

_EXAMPLES_KEY, _MAZES_KEY = 7_919, 104_729
"""Keys of the generators that place what held-out examples and mazes show, apart from every training seed's."""
_BATCH = 250
_LEVELS_AT_ONCE = 128


def held_out_mazes(count: int, sizes: Collection[int] | None = None, *, cheese_region: int | None = None) -> list[Maze]:
    """The first ``count`` mazes, from level 0 on, that no policy was trained on.

    Args:
        count: How many.
        sizes: Only mazes of these inner sizes; None for all.
        cheese_region: The cheese lies in the top-right n×n cells as in training, placed by a generator keyed by
            the level; None leaves it where procgen put it.
    """
    levels: Iterator[int] = itertools.count()
    mazes: list[Maze] = []
    while len(mazes) < count:
        drawn = Maze.from_levels(itertools.islice(levels, _LEVELS_AT_ONCE))
        mazes += [maze for maze in drawn if sizes is None or maze.size in sizes]
    return [maze if cheese_region is None else _with_cheese(maze, cheese_region) for maze in mazes[:count]]


def _with_cheese(maze: Maze, cheese_region: int) -> Maze:
    generator = np.random.default_rng([_MAZES_KEY, maze.level or 0])
    return maze.with_cheese(random_cheese_cell(maze, cheese_region, generator))


@dataclass(frozen=True)
class HeldOut:
    """Shares of correct moves on held-out examples.

    Attributes:
        accuracy: Share over all examples, 0 to 1.
        by_size: Inner size to (accuracy, number of examples).
    """

    accuracy: float
    by_size: dict[int, tuple[float, int]]


@lru_cache(maxsize=16)
def _examples(levels: tuple[int, ...], per_level: int, cheese_region: int) -> Examples:
    generators = [np.random.default_rng([_EXAMPLES_KEY, level]) for level in levels]
    return draw_examples(levels, generators, per_level=per_level, cheese_region=cheese_region)


def move_accuracy(
    policy: ImpalaPolicy,
    *,
    cheese_region: int,
    levels: Sequence[int] = HELD_OUT_LEVELS,
    per_level: int = 1,
    sizes: Collection[int] | None = None,
) -> HeldOut:
    """The share of held-out examples in which the policy's likeliest move is the right one.

    The moves are left, down, up, right and staying, each with the summed probability of its actions. The
    examples are drawn as in training, from a generator keyed by the level.

    Args:
        policy: The policy to test.
        cheese_region: Side of the top-right region that the cheese lies in.
        levels: Held-out levels.
        per_level: Examples of each level.
        sizes: Only mazes of these inner sizes; None for all.
    """
    right, seen = [], []
    for start in range(0, len(levels), _BATCH):
        chunk = tuple(int(level) for level in levels[start : start + _BATCH])
        examples = _examples(chunk, per_level, cheese_region)
        wanted = np.isin(examples.sizes, list(sizes)) if sizes is not None else np.ones(len(examples.sizes), np.bool_)
        probabilities = policy.action_probabilities(examples.observations[wanted])
        moves = np.stack([probabilities[:, list(ACTIONS_OF[name])].sum(1) for name in DIRECTIONS], axis=1)
        likeliest = np.column_stack([moves, 1 - moves.sum(1)]).argmax(1)
        right.append(likeliest == examples.moves[wanted])
        seen.append(examples.sizes[wanted])
    hits, size = np.concatenate(right), np.concatenate(seen)
    return HeldOut(
        accuracy=float(hits.mean()),
        by_size={int(s): (float(hits[size == s].mean()), int((size == s).sum())) for s in np.unique(size)},
    )
