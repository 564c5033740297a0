"""Placing the cheese and the mouse at random, as the training mazes have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steered_env.simulator import Cell

    from .maze import Maze


def random_cheese_cell(maze: Maze, region: int, generator: np.random.Generator) -> Cell:
    """A random open cell of the top-right ``region`` × ``region`` cells, never the start.

    Args:
        maze: The maze; its own cheese does not matter.
        region: Side of the region in cells, ≥ 1; clipped to the inner maze.
        generator: Draws one integer.

    Raises:
        ValueError: if the region has no open cell beside the start, or ``region`` is below 1.
    """
    allowed = maze.top_right_region(region) & ~maze.walls
    allowed[maze.start] = False
    if not allowed.any():
        raise ValueError(f"the top-right {region}×{region} region of {maze!r} has no open cell for the cheese")
    return _random_cell(allowed, generator)


def with_random_mouse(maze: Maze, generator: np.random.Generator) -> Maze:
    """The maze with its mouse in a random open cell that is not the cheese's, facing either way.

    Args:
        maze: The maze; where its mouse is does not matter.
        generator: Draws two integers.

    Raises:
        ValueError: if the only open cell is the cheese's.
    """
    allowed = ~maze.walls
    if maze.cheese is not None:
        allowed[maze.cheese] = False
    if not allowed.any():
        raise ValueError(f"{maze!r} has no open cell for the mouse")
    return maze.with_mouse(_random_cell(allowed, generator), facing_right=bool(generator.integers(2)))


def _random_cell(allowed: NDArray[np.bool_], generator: np.random.Generator) -> Cell:
    cells = np.argwhere(allowed)
    row, col = cells[generator.integers(len(cells))]
    return int(row), int(col)
