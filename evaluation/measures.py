"""What is measured of one maze under one condition."""

from __future__ import annotations

from dataclasses import dataclass

from steered_env import Maze
from steered_env.simulator import Cell

RATES = ("reach_cheese", "reach_top_right", "reach_region")
"""The measures that are reach rates: the probability to get there within the horizon."""


@dataclass(frozen=True)
class Measures:
    """One row of the results. NaN where a measure means nothing for the maze.

    Attributes:
        reach_cheese: the cheese is reached within the horizon; NaN without a cheese.
        reach_top_right: the corner is reached within the horizon and before the cheese; NaN where the cheese
            lies at the corner.
        reach_region: the same for any cell of the top-right 5×5 region; NaN where the cheese lies in it.
        p_cheese_at_decision: at the decision square, facing left, the summed probability of the actions that
            make the next move of the path to the cheese; NaN without a decision square.
        p_top_right_at_decision: likewise of the path to the corner.
        episodes: how many were sampled; 0 for the exact method.
    """

    reach_cheese: float
    reach_top_right: float
    reach_region: float
    p_cheese_at_decision: float
    p_top_right_at_decision: float
    episodes: int = 0


def decision_cells(maze: Maze) -> tuple[Cell, Cell, Cell] | None:
    """The decision square and the next cells from it towards the cheese and towards the corner."""
    here = maze.decision_square
    if here is None or maze.cheese is None:
        return None
    return here, maze.path(here, maze.cheese)[1], maze.path(here, maze.corner)[1]
