"""Vector fields: the direction that a policy would choose in every cell of a maze, walls or not, facing left."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from evaluation.measuring import (
    ConditionLike,
    Predictor,
    SharedForward,
    SteerablePolicy,
    SteeringFactory,
    net_moves,
    one_torch_thread,
    read_condition,
)
from evaluation.results import png_of
from evaluation.storage import BASELINE
from steered_env import Maze, SteeredPolicy, Steering
from steered_env.maze import check_maze
from steered_env.simulator import ACTIONS, Cell, draw_observations
from steered_env.steering import Intervention
from steered_env.system import cores

from .field_figures import fields_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


FIELD_BATCH = 16
"""Observations in a batch: larger ones are a few per cent faster per row, and waste more of a small maze's last one."""


@dataclass(frozen=True)
class VectorField:
    """The net probability vector in every open cell of a maze.

    Attributes:
        maze: The maze; its mouse does not matter to the field.
        name: Name of the condition.
        arrows: ``(25, 25, 2)`` float64 at ``[row, col]``: the probability of choosing right minus left, and of up
            minus down (walls or not), with the mouse in that cell and facing left. NaN in walls and at the cheese.
        probabilities: ``(25, 25, 15)`` float64 at ``[row, col]``: the probability of each action. NaN likewise.
        policy: Name or path of the policy, if it was given by one.
    """

    maze: Maze
    name: str
    arrows: NDArray[np.float64] = field(repr=False)
    probabilities: NDArray[np.float64] = field(repr=False)
    policy: str | None = None

    def plot(self) -> Figure:
        """Draw the field over its maze, with cheese, decision square and corner marked.

        Example:
            >>> from steered_env import Maze, load_policy
            >>> figure = vector_field(load_policy(), Maze.from_level(0), "-cheese").plot()
            >>> figure.axes[0].get_title()
            '-cheese'
        """
        return fields_figure([self], policy=self.policy)

    def _repr_png_(self) -> bytes:
        return png_of(self.plot())  # how a notebook shows it

    def difference(self, other: VectorField) -> VectorField:
        """Subtract another field of a maze with the same walls; NaN where either is.

        Raises:
            ValueError: if the walls differ.
        """
        self._check_walls(other)
        return VectorField(
            self.maze,
            f"difference to {other.name}",
            self.arrows - other.arrows,
            self.probabilities - other.probabilities,
            self.policy,
        )

    def distance(self, other: VectorField) -> float:
        """Measure how differently two policies act: the total variation distance of their actions, averaged over cells.

        Half the summed absolute difference of the 15 probabilities (Levin & Peres, *Markov Chains and Mixing Times*,
        4.1): the share of moments at which the two would act differently if they agreed whenever they can. Averaged
        over the cells that are open in both and hold the cheese in neither.

        Example:
            >>> from steered_env import Maze, load_policy
            >>> policy, maze = load_policy(), Maze.from_level(0)
            >>> subtracted, removed = vector_field(policy, maze, "-cheese"), vector_field(policy, maze.without_cheese())
            >>> 0 <= subtracted.distance(removed) < subtracted.distance(vector_field(policy, maze)) <= 1
            True

        Returns:
            From 0, the same everywhere, to 1; NaN if there is no such cell.

        Raises:
            ValueError: if the walls differ.
        """
        self._check_walls(other)
        varied = 0.5 * np.abs(self.probabilities - other.probabilities).sum(axis=2)
        in_both = ~np.isnan(varied)
        return float(varied[in_both].mean()) if in_both.any() else float("nan")

    def _check_walls(self, other: VectorField) -> None:
        if not np.array_equal(self.maze.walls, other.maze.walls):
            raise ValueError(f"fields of different mazes cannot be compared: {self.maze!r}, {other.maze!r}")


def vector_field(
    policy: nn.Module | SteeredPolicy | Predictor | str | os.PathLike[str],
    maze: Maze,
    condition: ConditionLike | Intervention = BASELINE,
    *,
    vectors: Mapping[str, Steering] | None = None,
) -> VectorField:
    """Compute which direction the policy would choose in every open cell of a maze, walls or not, facing left.

    Example:
        >>> from steered_env import Maze, load_policy
        >>> field = vector_field(load_policy(), Maze.from_level(0), "-cheese")
        >>> field.arrows.shape
        (25, 25, 2)

    Args:
        policy: An `ImpalaPolicy`, any torch module with ``action_probabilities``, a `SteeredPolicy`, a
            Stable-Baselines3 model, the name of a packaged policy, or a path.
        maze: The maze; vectors of the condition are computed with the mouse where it stands here.
        condition: An expression, a `Steering` or another `Intervention`, or a name with one of them or with a function.
        vectors: Vectors of your own, by the words that stand for them in an expression.

    Raises:
        TypeError: if an argument is of the wrong kind.
        VectorError: if the condition's vector does not exist for this maze.
        ConditionError: if the expression is no condition.
        NoProbabilitiesError: if the policy gives no probabilities somewhere; names maze, cell and condition.
    """
    check_maze(maze)
    subject = SteerablePolicy.of(policy)
    named = read_condition(condition, vectors)
    forward = SharedForward(subject.module, batch_size=FIELD_BATCH, threads=cores())
    with one_torch_thread():  # two observations take longer in several
        steering = subject.steering.then(SteeringFactory(forward.policy).steering(named, maze))
    return fields_of(forward, maze, {named.name: steering}, subject.name)[0]


def fields_of(
    forward: SharedForward, maze: Maze, steerings: Mapping[str, Intervention], policy: str | None = None
) -> list[VectorField]:
    """Compute the fields of one maze under several steerings, sharing what their forward passes have in common.

    Args:
        forward: The policy.
        maze: The maze; its mouse does not matter.
        steerings: Name to steering.
        policy: Name or path of the policy, for figures.
    """
    cells: list[Cell] = [(int(row), int(col)) for row, col in np.argwhere(~maze.walls) if (row, col) != maze.cheese]
    observations = draw_observations([maze.with_mouse(cell) for cell in cells])
    places = tuple(np.array(cells).T)
    fields = []
    for name, rows in zip(steerings, forward.at(maze, cells, observations, steerings), strict=True):
        probabilities = rows.astype(np.float64)
        by_cell = np.full((*maze.walls.shape, ACTIONS), np.nan)
        by_cell[places] = probabilities
        arrows = np.full((*maze.walls.shape, 2), np.nan)
        arrows[places] = net_moves(probabilities)
        fields.append(VectorField(maze, name, arrows, by_cell, policy))
    return fields
