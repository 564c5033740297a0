"""Episodes that run side by side in one batch, and where every mouse is."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from steered_env.maze import Maze, mouse_of, state_of, transitions
from steered_env.simulator import MazeBatch, MazeState

from .rules import STAY
from .snapshots import maze_of, plain_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_CELL = -1
"""Row and column of a cheese that is not there."""


class RunningMaze:
    """One maze of a running episode, with its mouse.

    It is kept in plain numbers: a step of procgen takes less than a `Maze` with all its checks.

    Args:
        maze: The maze as it is now.
        reached_cheese: The mouse has reached the cheese.
        reached_top_right: The mouse has visited the corner.

    Attributes:
        state: Cell and facing of the mouse, as `state_of` numbers them.
        reached_cheese: The mouse has reached the cheese.
        reached_top_right: The mouse has visited the corner.
    """

    __slots__ = ("_cheese", "_corner", "_maze", "_transitions", "reached_cheese", "reached_top_right", "state")

    def __init__(self, maze: Maze, reached_cheese: bool, reached_top_right: bool) -> None:
        self._maze = maze
        self._transitions = transitions(maze.walls)
        self.state = state_of(maze.mouse, maze.facing_right)
        self._corner = state_of(maze.corner, False) >> 1
        self._cheese = NO_CELL if maze.cheese is None else state_of(maze.cheese, False) >> 1
        self.reached_cheese, self.reached_top_right = reached_cheese, reached_top_right

    @property
    def maze(self) -> Maze:
        """The maze as it is now."""
        mouse, facing_right = mouse_of(self.state)
        if mouse != self._maze.mouse or facing_right != self._maze.facing_right:
            self._maze = self._maze.unchecked_copy(mouse=mouse, facing_right=facing_right)
        return self._maze

    def move(self, action: int) -> bool:
        """Move the mouse, and return whether it reaches the cheese, which is gone then."""
        self.state = self._transitions.item(action, self.state)
        cell = self.state >> 1
        if cell == self._corner:
            self.reached_top_right = True
        if cell != self._cheese:
            return False
        self.reached_cheese = True
        self._cheese, self._maze = NO_CELL, self._maze.unchecked_copy(cheese=None)
        return True

    def __reduce__(self) -> tuple[type[RunningMaze], tuple[Maze, bool, bool]]:
        return RunningMaze, (self.maze, self.reached_cheese, self.reached_top_right)


class RunningMazes:
    """Mazes with a mouse each, that step together.

    Where a mouse is follows from its actions, which is much faster than asking procgen. procgen's reward must
    agree at every step, and `check` compares with procgen's own state.

    Args:
        num: Number of mazes; each is level 0 until another one is started.
        threads: Number of procgen's own threads; 0 steps in the calling thread.

    Attributes:
        cheese: ``(num, 2)`` int, each cheese's cell, `NO_CELL` where there is none.
        level: ``(num,)`` int, `NO_CELL` where a maze has none.
    """

    def __init__(self, num: int, *, threads: int = 0) -> None:
        self._batch = MazeBatch(num, threads=threads)
        self.cheese = np.full((num, 2), NO_CELL, np.int64)
        self.level = np.full(num, NO_CELL, np.int64)
        level_0 = Maze.decode(self._batch.read(0))
        self._mazes = [RunningMaze(level_0, reached_cheese=False, reached_top_right=False) for _ in range(num)]

    def __getitem__(self, index: int) -> RunningMaze:
        return self._mazes[index]

    @property
    def observations(self) -> NDArray[np.uint8]:
        """The present observations: ``(num, 64, 64, 3)`` uint8, overwritten by the next step."""
        return self._batch.observations

    @property
    def mouse(self) -> NDArray[np.int64]:
        """Each mouse's cell: ``(num, 2)``."""
        return np.array([mouse_of(maze.state)[0] for maze in self._mazes])

    @property
    def reached_cheese(self) -> NDArray[np.bool_]:
        """Where the cheese was reached: ``(num,)``."""
        return np.array([maze.reached_cheese for maze in self._mazes])

    @property
    def reached_top_right(self) -> NDArray[np.bool_]:
        """Where the corner was visited: ``(num,)``."""
        return np.array([maze.reached_top_right for maze in self._mazes])

    def start(self, index: int, maze: Maze) -> None:
        """Begin an episode in one of the mazes, and draw its first observation."""
        self._set(index, RunningMaze(maze, reached_cheese=False, reached_top_right=maze.mouse == maze.corner))

    def put(self, index: int, maze: Maze) -> None:
        """Put another maze under a running episode, and draw it; what was reached stays."""
        before = self._mazes[index]
        self._set(index, RunningMaze(maze, before.reached_cheese, before.reached_top_right))

    def _set(self, index: int, running: RunningMaze) -> None:
        maze = running.maze
        self._batch.write(index, maze)
        self._mazes[index] = running
        self.cheese[index] = NO_CELL if maze.cheese is None else maze.cheese
        self.level[index] = NO_CELL if maze.level is None else maze.level

    def step(
        self, actions: Sequence[int] | NDArray[np.int64], running: Sequence[bool] | NDArray[np.bool_]
    ) -> list[float]:
        """Move the mice of the episodes that are running; the others' observations mean nothing afterwards.

        Where the cheese is reached the true last observation is drawn, though procgen has begun another maze.

        Args:
            actions: One for each maze, 0 to 14.
            running: Whether the episode of each maze runs.

        Returns:
            The reward of each maze, 0 where nothing runs.

        Raises:
            RuntimeError: if procgen's reward disagrees with where a mouse must be.
        """
        taken = [action if runs else STAY for action, runs in zip(actions, running, strict=True)]
        self._batch.begin_step(taken)  # and while procgen's threads draw
        at_cheese = [runs and maze.move(action) for maze, action, runs in zip(self._mazes, taken, running, strict=True)]
        rewards: list[float] = self._batch.end_step()[0].tolist()
        for index, (reward, reached, runs) in enumerate(zip(rewards, at_cheese, running, strict=True)):
            if not runs:
                rewards[index] = 0.0
            elif reached != (reward > 0):
                raise RuntimeError(f"procgen disagrees with {self._mazes[index].maze!r} about action {taken[index]}")
            elif reached:
                self._set(index, self._mazes[index])
        return rewards

    def snapshot(self) -> dict[str, Any]:
        """Record the mazes as they are now and what was reached, in plain values."""
        return {
            "mazes": [plain_values(maze.maze) for maze in self._mazes],
            "reached_cheese": [maze.reached_cheese for maze in self._mazes],
            "reached_top_right": [maze.reached_top_right for maze in self._mazes],
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Put back what `snapshot` gave, and draw it."""
        names = ("mazes", "reached_cheese", "reached_top_right")
        for index, (values, *reached) in enumerate(zip(*(snapshot[name] for name in names), strict=True)):
            self._set(index, RunningMaze(maze_of(values), *reached))

    def __copy__(self) -> RunningMazes:
        return copy.deepcopy(self)  # mazes that both changed would belong to neither

    def check(self, index: int) -> None:
        """Compare one mouse with procgen's own state.

        Raises:
            RuntimeError: if procgen has it elsewhere.
        """
        seen, expected = MazeState.decode(self._batch.read(index)), self._mazes[index].maze
        if (seen.mouse, seen.facing_right) != (expected.mouse, expected.facing_right):
            raise RuntimeError(f"procgen has the mouse of {expected!r} at {seen.mouse}")

    def close(self) -> None:
        """Free procgen's side. Calling it again does nothing."""
        self._batch.close()
