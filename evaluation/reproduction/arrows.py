"""Count where the arrows of vector fields point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evaluation.views import VectorField
from steered_env.maze import NOWHERE, next_cells
from steered_env.simulator import WORLD_SIZE

if TYPE_CHECKING:
    from numpy.typing import NDArray


def share_towards_cheese(field: VectorField, steered: VectorField) -> tuple[float, float]:
    """The share of net probability vectors that point toward the cheese, in two fields of one maze.

    Counted are the cells where the next step of the way to the cheese is another than that of the way to the corner;
    a vector points toward the cheese when its part along the first is positive, and larger than that along the second.

    Args:
        field: Field of a maze with a cheese.
        steered: Another field of the same maze.

    Returns:
        The two shares; NaN if the ways part nowhere.
    """
    maze = field.maze
    if maze.cheese is None:
        return np.nan, np.nan
    ways = [_steps(next_cells(maze.walls, goal)) for goal in (maze.cheese, maze.corner)]
    has_way = np.isfinite(field.arrows[:, :, 0]) & (np.abs(ways[0]) + np.abs(ways[1])).any(axis=2)
    apart = has_way & (ways[0] != ways[1]).any(axis=2)
    if not apart.any():
        return np.nan, np.nan
    shares = []
    for arrows in (field.arrows, steered.arrows):
        to_cheese, to_corner = ((arrows * way).sum(axis=2) for way in ways)
        shares.append(float(((to_cheese > 0) & (to_cheese > to_corner))[apart].mean()))
    return shares[0], shares[1]


def _steps(following: NDArray[np.int32]) -> NDArray[np.int64]:
    """Turn ``(25, 25)`` next cells into ``(25, 25, 2)`` steps: columns to the right, rows up; 0 where there is none."""
    here = np.arange(WORLD_SIZE**2).reshape(WORLD_SIZE, WORLD_SIZE)
    rows, cols = np.divmod(np.where(following == NOWHERE, here, following), WORLD_SIZE)
    own_rows, own_cols = np.divmod(here, WORLD_SIZE)
    return np.stack([cols - own_cols, rows - own_rows], axis=2)
