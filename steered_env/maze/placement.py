"""Placing the cheese and the mouse at random, as the training mazes have them."""

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


def with_random_mouse(maze: Maze, generator: np.random.Generator) -> Maze:
    """The maze with its mouse in a random open cell that is not the cheese's, facing either way.

    Args:
        maze: the maze; where its mouse is does not matter.
        generator: draws two integers.

    Raises:
        ValueError: if the only open cell is the cheese's.
    """
    allowed = ~maze.walls
    if maze.cheese is not None:
        allowed[maze.cheese] = False
    cells = np.argwhere(allowed)
    if not len(cells):
        raise ValueError(f"{maze!r} has no open cell for the mouse")
    row, col = cells[generator.integers(len(cells))]
    return maze.with_mouse((int(row), int(col)), facing_right=bool(generator.integers(2)))
