"""Placing the cheese at random, as the training mazes have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from steered_env.simulator import Cell

    from .maze import Maze


def random_cheese_cell(maze: Maze, region: int, generator: np.random.Generator) -> Cell:
    """A random open cell of the top-right ``region`` × ``region`` cells, never the start.

    Args:
        maze: the maze; its own cheese does not matter.
        region: side of the region in cells, ≥ 1; clipped to the inner maze.
        generator: draws one integer.

    Raises:
        ValueError: if the region has no open cell beside the start, or ``region`` is below 1.
    """
    allowed = maze.top_right_region(region) & ~maze.walls
    allowed[maze.start] = False
    cells = np.argwhere(allowed)
    if not len(cells):
        raise ValueError(f"the top-right {region}×{region} region of {maze!r} has no open cell for the cheese")
    row, col = cells[generator.integers(len(cells))]
    return int(row), int(col)
