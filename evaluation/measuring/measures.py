"""What is measured of one maze under one condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from steered_env import Maze
from steered_env.maze import actions_between
from steered_env.simulator import Cell

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Measures:
    """One row of the results. NaN where a measure means nothing for the maze.

    Attributes:
        reach_cheese: the cheese is reached within the horizon; NaN without a cheese.
        reach_top_right: the corner is reached within the horizon and before the cheese; NaN where the cheese
            lies at the corner.
        reach_region: the same for any cell of the top-right 5×5 region; NaN where the cheese lies in it.
        reach_either: the cheese or the corner is reached within the horizon; the rest settles elsewhere.
        p_cheese_at_decision: at the decision square, facing left, the summed probability of the actions whose move
            begins a shortest path to the cheese; NaN without a decision square.
        p_top_right_at_decision: likewise for the corner. In mazes with loops one move may count for both.
        episodes: how many were sampled; 0 for the exact method.
    """

    reach_cheese: float
    reach_top_right: float
    reach_region: float
    reach_either: float
    p_cheese_at_decision: float
    p_top_right_at_decision: float
    episodes: int = 0

    @classmethod
    def of(cls, maze: Maze, reached: Sequence[float], towards: tuple[float, float], episodes: int = 0) -> Measures:
        """The measures of a maze, with NaN where one means nothing.

        Args:
            maze: in its start state.
            reached: the rates of cheese, corner, region, and of either of the first two.
            towards: the probabilities at the decision square, from `towards_cheese_and_corner`.
            episodes: how many were sampled.
        """
        places = (None, corner_of(maze), maze.top_right_region())
        cheese, corner, region = (
            float(rate) if _counts(maze, place) else np.nan for rate, place in zip(reached[:3], places, strict=True)
        )
        return cls(cheese, corner, region, float(reached[3]), *towards, episodes)


def corner_of(maze: Maze) -> NDArray[np.bool_]:
    """``(25, 25)`` bool, True at the corner alone."""
    corner = np.zeros_like(maze.walls)
    corner[maze.corner] = True
    return corner


def towards_cheese_and_corner(maze: Maze, probabilities: NDArray[np.floating[Any]]) -> tuple[float, float]:
    """The summed probability of the moves towards cheese and corner; NaN without a decision square.

    Args:
        maze: the maze.
        probabilities: ``(15,)`` at the decision square, facing left.
    """
    here = maze.decision_square
    if here is None or maze.cheese is None:
        return np.nan, np.nan
    to_cheese, to_corner = (_towards(maze, here, goal, probabilities) for goal in (maze.cheese, maze.corner))
    return to_cheese, to_corner


def _towards(maze: Maze, here: Cell, goal: Cell, probabilities: NDArray[np.floating[Any]]) -> float:
    """The summed probability of all actions that begin a shortest path from here to a goal."""
    actions = [action for cell in maze.next_cells(here, goal) for action in actions_between(here, cell)]
    total = float(probabilities.astype(np.float64)[actions].sum())
    return min(total, 1.0)  # float32 probabilities may sum to a little more than 1


def _counts(maze: Maze, place: NDArray[np.bool_] | None) -> bool:
    """Whether a rate means anything: there is a cheese (None), or the place is open and the cheese not in it."""
    if place is None:
        return maze.cheese is not None
    return bool((place & ~maze.walls).any()) and not (maze.cheese is not None and place[maze.cheese])
