"""How well a policy moves on levels that it was never trained on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from steered_env.maze import ACTIONS_OF, DIRECTIONS
from steered_env.policy import ImpalaPolicy

from .pictures import Pictures, draw_pictures

HELD_OUT_LEVELS = range(1000)
"""Below every training level; the cheese is placed as in training."""

_KEY = 7_919
"""Keys the generator of the held-out pictures, apart from every training seed's."""
_BATCH = 250


@dataclass(frozen=True)
class HeldOut:
    """Shares of right moves on held-out pictures.

    Attributes:
        accuracy: over all pictures, 0 to 1.
        by_size: inner size to (accuracy, number of pictures).
    """

    accuracy: float
    by_size: dict[int, tuple[float, int]]


@lru_cache(maxsize=16)
def _pictures(levels: tuple[int, ...], per_level: int, cheese_region: int) -> Pictures:
    generators = [np.random.default_rng([_KEY, level]) for level in levels]
    return draw_pictures(levels, generators, per_level=per_level, cheese_region=cheese_region)


def move_accuracy(
    policy: ImpalaPolicy,
    *,
    cheese_region: int,
    levels: Sequence[int] = HELD_OUT_LEVELS,
    per_level: int = 1,
    sizes: Collection[int] | None = None,
) -> HeldOut:
    """The share of held-out pictures in which the policy's likeliest move is the right one.

    The moves are left, down, up, right and staying, each with the summed probability of its actions. The
    pictures are drawn as in training, from a generator keyed by the level.

    Args:
        policy: to be tested.
        cheese_region: side of the top-right region that the cheese lies in.
        levels: held-out levels.
        per_level: pictures of each.
        sizes: only mazes of these inner sizes; None for all.
    """
    right, seen = [], []
    for start in range(0, len(levels), _BATCH):
        chunk = tuple(int(level) for level in levels[start : start + _BATCH])
        pictures = _pictures(chunk, per_level, cheese_region)
        wanted = np.isin(pictures.sizes, list(sizes)) if sizes is not None else np.ones(len(pictures.sizes), np.bool_)
        probabilities = policy.action_probabilities(pictures.frames[wanted])
        moves = np.stack([probabilities[:, list(ACTIONS_OF[name])].sum(1) for name in DIRECTIONS], axis=1)
        likeliest = np.column_stack([moves, 1 - moves.sum(1)]).argmax(1)
        right.append(likeliest == pictures.moves[wanted])
        seen.append(pictures.sizes[wanted])
    hits, size = np.concatenate(right), np.concatenate(seen)
    return HeldOut(
        accuracy=float(hits.mean()),
        by_size={int(s): (float(hits[size == s].mean()), int((size == s).sum())) for s in np.unique(size)},
    )
