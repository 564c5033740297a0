"""The normalised path probability: how likely a policy is to follow the shortest path to a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from evaluation.measuring import SharedForward
from steered_env import Maze
from steered_env.maze import actions_between, after, reachable
from steered_env.simulator import Cell, draw_observations
from steered_env.steering import Intervention, InTurn

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class PathTree:
    """The shortest paths from the start to every open cell of a maze, and what the policy sees on them.

    Attributes:
        maze: The maze, with its mouse at the start.
        paths: Target to the cells of its path, both ends included.
        observations: ``(N, 64, 64, 3)`` uint8, with the mouse in each cell on the way but the last, facing as it
            came.
        places: Cell to the index of its observation.
    """

    maze: Maze
    paths: dict[Cell, list[Cell]]
    observations: NDArray[np.uint8]
    places: dict[Cell, int]

    @classmethod
    def of(cls, maze: Maze, targets: Sequence[Cell]) -> PathTree:
        """Find the paths to some cells.

        Raises:
            ValueError: if a path leads over the cheese, where an episode ends.
        """
        paths = {target: maze.path(maze.mouse, target) for target in targets}
        facing: dict[Cell, bool] = {maze.mouse: maze.facing_right}
        for path in paths.values():
            for here, next_cell in pairwise(path[:-1]):  # at the target itself nothing is left to do
                _, facing[next_cell] = after(maze.walls, here, facing[here], actions_between(here, next_cell)[0])
        observations = draw_observations([maze.with_mouse(cell, right) for cell, right in facing.items()])
        return cls(maze, paths, observations, {cell: index for index, cell in enumerate(facing)})

    def actions(self, forward: SharedForward, conditions: Mapping[str, Intervention]) -> NDArray[np.float32]:
        """Compute the action probabilities in `observations` under K conditions, ``(K, N, 15)``."""
        return forward.at(self.maze, list(self.places), self.observations, conditions)

    def probability(self, target: Cell, actions: NDArray[np.float32]) -> float:
        """The geometric mean of the probabilities of the moves along the path to a target.

        As "normalised path probability" in Mini et al., *Understanding and Controlling a Maze-Solving Policy Network*
        (2023). 1 for the start itself.

        Args:
            target: One of the targets.
            actions: Action probabilities in `observations`, ``(N, 15)``.
        """
        path = self.paths[target]
        steps = [
            actions[self.places[here], list(actions_between(here, next_cell))].astype(np.float64).sum()
            for here, next_cell in pairwise(path)
        ]
        return float(np.exp(np.mean(np.log(np.maximum(steps, 1e-12))))) if steps else 1.0


def retargeted(
    forward: SharedForward, maze: Maze, interventions: dict[Cell, Intervention]
) -> tuple[dict[Cell, float], dict[Cell, float]]:
    """The normalised path probability of each target, unsteered and with that target's intervention.

    Args:
        forward: The policy.
        maze: The maze, with its mouse at the start.
        interventions: Target to the intervention that shall draw the mouse there.
    """
    tree = PathTree.of(maze, list(interventions))
    plain = tree.actions(forward, {"baseline": InTurn()})[0]
    steered = tree.actions(forward, {f"towards {target}": change for target, change in interventions.items()})
    before = {target: tree.probability(target, plain) for target in interventions}
    after = {target: tree.probability(target, rows) for target, rows in zip(interventions, steered, strict=True)}
    return before, after


def with_cheese_there(forward: SharedForward, maze: Maze, targets: Sequence[Cell]) -> dict[Cell, float]:
    """The normalised path probability of each target when the cheese is really moved there."""
    probabilities = {}
    for target in targets:
        tree = PathTree.of(maze.with_cheese(target), [target])
        probabilities[target] = tree.probability(target, tree.actions(forward, {"baseline": InTurn()})[0])
    return probabilities


def reachable_targets(maze: Maze, count: int | None) -> list[Cell]:
    """Choose cells that the mouse can get to without passing the cheese, by a generator keyed by the level.

    Args:
        maze: The maze, with its mouse at the start.
        count: The largest number of cells; None for all.
    """
    walls = maze.walls.copy()
    if maze.cheese is not None:
        walls[maze.cheese] = True
    cells = [(int(row), int(col)) for row, col in np.argwhere(reachable(walls, maze.mouse))]
    cells.remove(maze.mouse)
    if count is None or len(cells) <= count:
        return cells
    chosen = np.random.default_rng([15, maze.level or 0]).choice(len(cells), count, replace=False)
    return [cells[index] for index in sorted(chosen)]


def on_the_way(
    forward: SharedForward, maze: Maze, target: Cell, conditions: Mapping[str, Intervention]
) -> dict[str, float]:
    """The normalised path probability of one target under several conditions.

    Args:
        forward: The policy.
        maze: The maze, with its mouse at the start.
        target: The target.
        conditions: Name to intervention.
    """
    tree = PathTree.of(maze, [target])
    rows = tree.actions(forward, conditions)
    return {name: tree.probability(target, actions) for name, actions in zip(conditions, rows, strict=True)}
