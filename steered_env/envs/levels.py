"""The levels that an environment draws from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from steered_env.maze import Maze, random_cheese_cell, with_random_mouse
from steered_env.simulator import MAX_LEVEL, check_cheese_region, check_levels, check_sizes

Levels = int | Sequence[int] | None
ALL_LEVELS = range(MAX_LEVEL + 1)
_TRIES = 2_000
_REMEMBERED = 100_000
"""Levels of other sizes that are not generated again."""


class MazeSource:
    """Draws mazes at random from levels, sizes and a cheese region.

    Args:
        levels: One level, several, or None for all of them.
        sizes: Only mazes of these inner sizes; None for all.
        cheese_region: Number n that places the cheese in a random open cell of the top-right n×n cells, clipped to the
            maze, never on the start; None leaves it where procgen put it.
        mouse_anywhere: The mouse starts in any open cell but the cheese's, instead of at the bottom left.

    Raises:
        TypeError: if a level, size or the region is no whole number.
        ValueError: if one is out of range, or there are no levels or sizes.
    """

    def __init__(
        self,
        levels: Levels = None,
        sizes: Iterable[int] | None = None,
        cheese_region: int | None = None,
        mouse_anywhere: bool = False,
    ) -> None:
        self.levels = ALL_LEVELS if levels is None else check_levels(levels)
        self.sizes = None if sizes is None else check_sizes(sizes)
        self.cheese_region = None if cheese_region is None else check_cheese_region(cheese_region)
        self.mouse_anywhere = mouse_anywhere
        self._of_other_sizes: set[int] = set()

    def draw(self, generator: np.random.Generator) -> Maze:
        """Draw a maze of a random level.

        Raises:
            ValueError: if no level of an allowed size turns up.
        """
        for _ in range(_TRIES):
            level = self.levels[int(generator.integers(len(self.levels)))]
            if level in self._of_other_sizes:
                continue
            maze = Maze.from_level(level)
            if self.sizes is None or maze.size in self.sizes:
                return self._placed(maze, generator)
            if len(self._of_other_sizes) < _REMEMBERED:
                self._of_other_sizes.add(level)
        raise ValueError(
            f"none of {_TRIES} levels drawn from {self.levels!r} has a size in {list(self.sizes or ())}; "
            "allow more levels or more sizes"
        )

    def start(self, level: int, generator: np.random.Generator) -> Maze:
        """Take the maze of one level, of whatever size."""
        return self._placed(Maze.from_level(level), generator)

    def _placed(self, maze: Maze, generator: np.random.Generator) -> Maze:
        if self.cheese_region is not None:
            maze = maze.with_cheese(random_cheese_cell(maze, self.cheese_region, generator))
        return with_random_mouse(maze, generator) if self.mouse_anywhere else maze
