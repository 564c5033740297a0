"""Episodes as both environments have them: how they begin, how they end, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, SupportsIndex

import numpy as np
from gymnasium.error import ClosedEnvironmentError, ResetNeeded

from steered_env.maze import Edit, Maze, apply_edits, check_edits
from steered_env.simulator import whole_number

from .levels import MazeSource
from .rules import Until, check_time_limit, check_until
from .running import RunningMazes

Indices = SupportsIndex | Iterable[SupportsIndex] | None
"""Mazes of several: one number, several, a mask of bools, or None for all."""


class Episodes:
    """Episodes side by side, under the rules that both environments share.

    Args:
        num: Number of episodes.
        source: Draws the mazes that nobody chose.
        edits: Edits made in every maze, one after the other.
        until: ``"cheese"``, or ``"either"`` to let the corner end an episode too.
        time_limit: Steps after which an episode is truncated.
        threads: Number of procgen's own threads; 0 steps in the calling thread.

    Attributes:
        started: Whether an episode was begun in each maze.
        finished: Whether the episode in each maze is over.
        steps: Steps of the episode in each maze.
    """

    def __init__(
        self,
        num: int,
        source: MazeSource,
        *,
        edits: Iterable[Edit],
        until: Until,
        time_limit: int,
        threads: int = 0,
    ) -> None:
        self._source, self._edits = source, check_edits(edits)
        self._until, self._time_limit = check_until(until), check_time_limit(time_limit)
        self._mazes: RunningMazes | None = RunningMazes(num, threads=threads)
        self.started = [False] * num
        self.finished = [False] * num
        self.steps = [0] * num

    @property
    def mazes(self) -> RunningMazes:
        """The mazes with their mice, and what was reached in them.

        Raises:
            ClosedEnvironmentError: after `close`.
        """
        if self._mazes is None:
            raise ClosedEnvironmentError("this environment was closed; make a new one")
        return self._mazes

    def check_started(self, what: str) -> None:
        """Refuse what needs an episode everywhere.

        Raises:
            ResetNeeded: before the first reset.
        """
        if not all(self.started):
            raise ResetNeeded(f"cannot {what}: the environment was never reset; call reset() first")

    def next_maze(self, generator: np.random.Generator, choice: Mapping[str, Any], edits: Iterable[Edit]) -> Maze:
        """Choose or draw the maze of the next episode, and edit it.

        Args:
            generator: Draws what is not chosen.
            choice: ``level`` or ``maze``, or neither; see `check_choice`.
            edits: Further edits, made after those of every maze.
        """
        if "maze" in choice:
            maze = choice["maze"]
        elif "level" in choice:
            maze = self._source.start(choice["level"], generator)
        else:
            maze = self._source.draw(generator)
        return apply_edits(maze, (*self._edits, *edits))

    def start(self, index: int, maze: Maze) -> None:
        """Begin an episode in one of the mazes."""
        self.mazes.start(index, maze)
        self.started[index], self.finished[index], self.steps[index] = True, False, 0

    def step(self, actions: Sequence[int]) -> tuple[list[float], list[bool], list[bool]]:
        """Move the mice whose episodes are not over.

        Args:
            actions: One for each maze, 0 to 14.

        Returns:
            Rewards, terminations and truncations, one of each for each maze; 0 and False where the episode was over.
        """
        mazes, either = self.mazes, self._until == "either"
        active = [not over for over in self.finished]
        rewards = mazes.step(actions, active)
        terminations, truncations, finished = [False] * len(active), [False] * len(active), [True] * len(active)
        for index, runs in enumerate(active):
            if runs:
                maze = mazes[index]
                self.steps[index] += 1
                ended = maze.reached_cheese or (either and maze.reached_top_right)
                cut = self.steps[index] >= self._time_limit
                terminations[index], truncations[index], finished[index] = ended, cut, ended or cut
        self.finished = finished
        return rewards, terminations, truncations

    def snapshot(self) -> dict[str, Any]:
        """Record all that the rest of the episodes depends on, in plain values."""
        return {**self.mazes.snapshot(), "steps": list(self.steps), "finished": list(self.finished)}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go on where a snapshot was taken."""
        self.mazes.restore(snapshot)
        self.started = [True] * len(self.started)
        self.steps, self.finished = list(snapshot["steps"]), list(snapshot["finished"])

    def close(self) -> None:
        """Free procgen's side. Calling it again does nothing."""
        if self._mazes is not None:
            self._mazes.close()
        self._mazes = None


def maze_numbers(indices: Indices, num: int) -> list[int]:
    """The numbers of mazes that an index of numpy's names, of one axis.

    Args:
        indices: One number or several, negative ones from the end; a mask with one bool for each maze; None for all.
        num: Number of mazes.

    Raises:
        TypeError: if a number is no whole one.
        IndexError: if there is no such maze, or the mask is of another length.
    """
    if indices is None:
        return list(range(num))
    chosen: list[SupportsIndex] = list(indices) if isinstance(indices, Iterable) else [indices]
    if chosen and all(isinstance(value, (bool, np.bool_)) for value in chosen):
        if len(chosen) != num:
            raise IndexError(f"a mask of mazes must have one bool for each of {num}, got {len(chosen)}")
        return [number for number, wanted in enumerate(chosen) if wanted]
    numbers = [whole_number(value, "the number of a maze") for value in chosen]
    for number in numbers:
        if not -num <= number < num:
            raise IndexError(f"the number of a maze must be {-num} to {num - 1}, got {number}")
    return [number % num for number in numbers]


def check_options(options: Mapping[str, Any], known: Iterable[str]) -> None:
    """Check the names of a reset's options, and its edits.

    Raises:
        ValueError: if an option is unknown.
        TypeError: if an edit cannot be called.
    """
    if unknown := set(options) - set(known):
        raise ValueError(f"unknown reset option {min(unknown)!r}; known are {', '.join(known)}")
    check_edits(options.get("edits", ()))


def check_choice(choice: Mapping[str, Any], where: str = "") -> None:
    """Check which maze a reset asks for.

    Args:
        choice: ``level`` or ``maze``, or neither.
        where: Which of several mazes, for the message.

    Raises:
        TypeError: if the maze is none.
        ValueError: if both are chosen.
    """
    if "level" in choice and "maze" in choice:
        raise ValueError(f"reset takes a level or a maze, got both{where}")
    if "maze" in choice and not isinstance(choice["maze"], Maze):
        raise TypeError(f"the reset option maze must be a Maze, got {type(choice['maze']).__name__}{where}")
