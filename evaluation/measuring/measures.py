"""Measures of one maze under one condition."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from steered_env import Maze
from steered_env.maze import actions_between
from steered_env.simulator import Cell

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ReachRates(NamedTuple):
    """Probabilities of reaching places within the horizon, and before the cheese.

    Attributes:
        cheese: The cheese.
        corner: The inner maze's top-right corner.
        region: Any cell of the top-right 5×5 region.
        either: The cheese or the corner.
    """

    cheese: float
    corner: float
    region: float
    either: float


class Towards(NamedTuple):
    """Probabilities of the next move at the decision square, facing left; NaN without such a square.

    Attributes:
        cheese: It begins a shortest path to the cheese.
        corner: It begins a shortest path to the corner.
    """

    cheese: float = np.nan
    corner: float = np.nan


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
        error_bound: the most by which a rate of the exact method may be too low; NaN for sampled ones.
    """

    reach_cheese: float
    reach_top_right: float
    reach_region: float
    reach_either: float
    p_cheese_at_decision: float
    p_top_right_at_decision: float
    episodes: int = 0
    error_bound: float = np.nan

    @classmethod
    def of(
        cls, maze: Maze, rates: ReachRates, towards: Towards, *, episodes: int = 0, error_bound: float = np.nan
    ) -> Measures:
        """Make the measures of a maze, with NaN where one means nothing.

        Args:
            maze: in its start state.
            rates: what is reached.
            towards: the next move at the decision square.
            episodes: how many were sampled.
            error_bound: of rates that were not.
        """
        return cls(
            reach_cheese=rates.cheese if maze.cheese is not None else np.nan,
            reach_top_right=rates.corner if _can_be_reached_first(maze, corner_of(maze)) else np.nan,
            reach_region=rates.region if _can_be_reached_first(maze, maze.top_right_region()) else np.nan,
            reach_either=rates.either,
            p_cheese_at_decision=towards.cheese,
            p_top_right_at_decision=towards.corner,
            episodes=episodes,
            error_bound=error_bound,
        )


def corner_of(maze: Maze) -> NDArray[np.bool_]:
    """``(25, 25)`` bool, True at the corner alone."""
    corner = np.zeros_like(maze.walls)
    corner[maze.corner] = True
    return corner


def towards_cheese_and_corner(maze: Maze, probabilities: NDArray[np.floating[Any]]) -> Towards:
    """Sum the probabilities of the moves towards cheese and corner.

    Args:
        maze: the maze.
        probabilities: ``(15,)`` at the decision square, facing left.
    """
    here = maze.decision_square
    if here is None or maze.cheese is None:
        return Towards()
    exact = probabilities.astype(np.float64)
    sums = (float(exact[_actions_towards(maze, here, goal)].sum()) for goal in (maze.cheese, maze.corner))
    return Towards(*(min(total, 1.0) for total in sums))  # float32 probabilities may sum to a little more than 1


@lru_cache(maxsize=64)
def _actions_towards(maze: Maze, here: Cell, goal: Cell) -> list[int]:
    """All actions that begin a shortest path from here to a goal: the same under every condition."""
    return [action for cell in maze.next_cells(here, goal) for action in actions_between(here, cell)]


def _can_be_reached_first(maze: Maze, place: NDArray[np.bool_]) -> bool:
    """Whether a place ``(25, 25)`` is open somewhere and the cheese does not lie in it."""
    return bool((place & ~maze.walls).any()) and not (maze.cheese is not None and place[maze.cheese])
