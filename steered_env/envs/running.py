"""Episodes that run side by side in one batch, and where every mouse is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from steered_env.maze import Maze, after_all
from steered_env.simulator import WORLD_SIZE, MazeBatch, MazeState

from .rules import STAY
from .snapshots import maze_of, plain_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_CELL = -1
"""Row and column of a cheese that is not there."""


class RunningMazes:
    """Mazes with a mouse each, moved all at once.

    Where a mouse is follows from its actions, which is much faster than asking procgen. procgen's reward must
    agree at every step, and `check` compares with procgen's own state.

    Args:
        num: Number of mazes.
        threads: Number of procgen's own threads; 0 steps in the calling thread.

    Attributes:
        mouse: ``(num, 2)`` int, each mouse's cell.
        facing_right: ``(num,)`` bool.
        cheese: ``(num, 2)`` int, `NO_CELL` where there is none.
        reached_cheese: ``(num,)`` bool.
        reached_top_right: ``(num,)`` bool, the corner was visited.
        level: ``(num,)`` int, `NO_CELL` where a maze has none.
    """

    def __init__(self, num: int, *, threads: int = 0) -> None:
        self._batch = MazeBatch(num, threads=threads)
        self._starts: list[Maze | None] = [None] * num
        self._walls = np.ones((num, WORLD_SIZE, WORLD_SIZE), np.bool_)
        self._corner = np.zeros((num, 2), np.int64)
        self._all = np.arange(num)
        self.mouse = np.zeros((num, 2), np.int64)
        self.facing_right = np.zeros(num, np.bool_)
        self.cheese = np.full((num, 2), NO_CELL, np.int64)
        self.reached_cheese = np.zeros(num, np.bool_)
        self.reached_top_right = np.zeros(num, np.bool_)
        self.level = np.zeros(num, np.int64)

    @property
    def frames(self) -> NDArray[np.uint8]:
        """The present frames: ``(num, 64, 64, 3)`` uint8, overwritten by the next step."""
        return self._batch.frames

    def start(self, index: int, maze: Maze) -> None:
        """Begin an episode in one of the mazes, and draw its first frame."""
        self.put(index, maze)
        self.reached_cheese[index] = False
        self.reached_top_right[index] = maze.mouse == maze.corner

    def put(self, index: int, maze: Maze) -> None:
        """Put another maze under a running episode, and draw it; what was reached stays."""
        self._batch.write(index, maze)
        self._starts[index] = maze
        self._walls[index] = maze.walls
        self._corner[index] = maze.corner
        self.mouse[index] = maze.mouse
        self.facing_right[index] = maze.facing_right
        self.cheese[index] = NO_CELL if maze.cheese is None else maze.cheese
        self.level[index] = NO_CELL if maze.level is None else maze.level

    def maze(self, index: int) -> Maze:
        """Return one of the mazes as it is now.

        Raises:
            ValueError: if nothing was started there.
        """
        start = self._starts[index]
        if start is None:
            raise ValueError(f"maze {index} was never started")
        row, col = self.mouse[index].tolist()
        cheese = None if self.reached_cheese[index] else start.cheese
        return replace(start, mouse=(row, col), facing_right=bool(self.facing_right[index]), cheese=cheese)

    def step(self, actions: NDArray[np.int64], running: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Move the mice of the episodes that are running; the others' frames mean nothing afterwards.

        Where the cheese is reached the true last frame is drawn, though procgen has begun another maze.

        Args:
            actions: ``(num,)``, 0 to 14.
            running: ``(num,)`` bool.

        Returns:
            Rewards ``(num,)`` float32, 0 where nothing runs.

        Raises:
            RuntimeError: if procgen's reward disagrees with where a mouse must be.
        """
        actions = np.where(running, actions, STAY)
        rewards = self._batch.step(actions)[0] * running
        self.mouse, self.facing_right = after_all(self._walls, self.mouse, self.facing_right, actions)
        at_cheese = _same_cells(self.mouse, self.cheese) & running
        if (wrong := at_cheese != (rewards > 0)).any():
            index = int(np.flatnonzero(wrong)[0])
            raise RuntimeError(f"procgen disagrees with {self.maze(index)!r} about action {actions[index]}")
        self.reached_cheese |= at_cheese
        self.reached_top_right |= _same_cells(self.mouse, self._corner) & running
        for index in np.flatnonzero(at_cheese):
            self.cheese[index] = NO_CELL
            self._batch.write(int(index), self.maze(int(index)))
        return rewards

    def snapshot(self) -> dict[str, Any]:
        """Record the mazes as they are now and what was reached, in plain values."""
        return {
            "mazes": [plain_values(self.maze(index)) for index in self._all],
            "reached_cheese": self.reached_cheese.tolist(),
            "reached_top_right": self.reached_top_right.tolist(),
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Put back what `snapshot` gave, and draw it."""
        for index, values in enumerate(snapshot["mazes"]):
            self.put(index, maze_of(values))
        self.reached_cheese[:] = snapshot["reached_cheese"]
        self.reached_top_right[:] = snapshot["reached_top_right"]

    def __copy__(self) -> RunningMazes:
        return copy.deepcopy(self)  # arrays that both changed would belong to neither

    def check(self, index: int) -> None:
        """Compare one mouse with procgen's own state.

        Raises:
            RuntimeError: if procgen has it elsewhere.
        """
        seen, expected = MazeState.decode(self._batch.read(index)), self.maze(index)
        if (seen.mouse, seen.facing_right) != (expected.mouse, expected.facing_right):
            raise RuntimeError(f"procgen has the mouse of {expected!r} at {seen.mouse}")

    def close(self) -> None:
        """Free procgen's side. Calling it again does nothing."""
        self._batch.close()


def _same_cells(cells: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = cells == others
    both: NDArray[np.bool_] = same[:, 0] & same[:, 1]  # a reduction over two columns would take longer
    return both
