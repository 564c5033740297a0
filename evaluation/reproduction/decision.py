"""What a policy does at the decision square, under any interventions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.measuring import SharedForward
from steered_env import Maze
from steered_env.maze import actions_between
from steered_env.steering import Intervention


@dataclass(frozen=True)
class Choice:
    """Action probabilities at the decision square, facing left.

    Attributes:
        cheese: Probability of the actions that begin the way to the cheese.
        corner: Probability of those that begin the way to the corner.
    """

    cheese: float
    corner: float


def choices(forward: SharedForward, maze: Maze, conditions: Mapping[str, Intervention]) -> dict[str, Choice]:
    """Find what the policy does at the decision square of a maze, for each condition.

    Args:
        forward: The policy.
        maze: A maze with a cheese and a decision square.
        conditions: Name to intervention.
    """
    square, cheese = maze.decision_square, maze.cheese
    assert square is not None
    assert cheese is not None
    observations = maze.with_mouse(square).observe()[None]
    ways = [
        [action for cell in maze.next_cells(square, goal) for action in actions_between(square, cell)]
        for goal in (cheese, maze.corner)
    ]
    rows = forward.at(maze, [square], observations, conditions)[:, 0]
    return {name: Choice(*(float(row[way].sum()) for way in ways)) for name, row in zip(conditions, rows, strict=True)}
