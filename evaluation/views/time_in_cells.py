"""Where a mouse spends its steps: the expected time in each cell of a maze."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from torch import nn

from evaluation.measuring import (
    TOLERANCE,
    ConditionLike,
    Settings,
    SharedForward,
    SteerablePolicy,
    SteeringFactory,
    explore,
    one_torch_thread,
    read_condition,
)
from evaluation.results import ShownFigure, in_lines, png_of, policy_name
from evaluation.storage import BASELINE
from steered_env import Maze, SteeredPolicy, Steering
from steered_env.maze import check_maze
from steered_env.steering import Intervention

from .field_figures import draw_maze

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TITLE_WIDTH = 42
_POWER = 0.4
"""Exponent of the colour scale: where the mouse ends it spends far more steps than anywhere on its way."""


@dataclass(frozen=True)
class Occupancy:
    """The expected number of an episode's steps in every cell of a maze, until the cheese or the horizon is reached.

    Attributes:
        maze: The maze, from where its mouse stands.
        name: Name of the condition.
        time: ``(25, 25)`` float64 at ``[row, col]``: expected number of steps that begin in that cell; NaN in walls.
        horizon: The most steps of an episode.
        error_bound: The most by which a probability that this stands on may be too low, as for `evaluate`.
        policy: Name or path of the policy, if it was given by one.
    """

    maze: Maze
    name: str
    time: NDArray[np.float64] = field(repr=False)
    horizon: int
    error_bound: float
    policy: str | None = None

    @property
    def steps(self) -> float:
        """Expected number of steps of an episode."""
        return float(np.nansum(self.time))

    def plot(self) -> Figure:
        """Draw the time in each cell over the maze, with cheese, decision square and corner marked."""
        maze = self.maze
        figure = ShownFigure(figsize=(5.6, 5.4), layout="constrained")
        axes = figure.subplots()
        shown = np.where(self.time > 0, self.time, np.nan)
        image = axes.imshow(shown, origin="lower", cmap="viridis", alpha=0.8, norm=PowerNorm(_POWER, vmin=0), zorder=1)
        draw_maze(axes, maze)
        where = [f"level {maze.level}"] if maze.level is not None else []
        where += [f"policy {policy_name(self.policy)}"] if self.policy is not None else []
        heading = in_lines(", ".join([*where, f"{self.steps:.1f} steps"]), _TITLE_WIDTH)
        axes.set_title(f"{in_lines(self.name, _TITLE_WIDTH)}\n{heading}", fontsize=11)
        figure.colorbar(image, ax=axes, label=f"expected steps in the cell, of at most {self.horizon}", shrink=0.8)
        return figure

    def _repr_png_(self) -> bytes:
        return png_of(self.plot())  # how a notebook shows it


def occupancy(
    policy: nn.Module | SteeredPolicy | str | os.PathLike[str],
    maze: Maze,
    condition: ConditionLike | Intervention = BASELINE,
    *,
    vectors: Mapping[str, Steering] | None = None,
    horizon: int = 256,
    tolerance: float = TOLERANCE,
) -> Occupancy:
    """Compute how many of its steps the mouse spends in each cell of a maze, without sampling.

    Example:
        >>> from evaluation import occupancy
        >>> from steered_env import Maze, load_policy
        >>> policy, maze = load_policy(), Maze.from_level(6)
        >>> to_cheese, past_it = occupancy(policy, maze), occupancy(policy, maze, "-cheese")
        >>> to_cheese.steps < past_it.steps <= 256
        True

    Args:
        policy: An `ImpalaPolicy`, any torch module with ``action_probabilities``, a `SteeredPolicy`, the name of a
            packaged policy, or a path.
        maze: The maze; the episode starts as it is.
        condition: An expression, a `Steering` or another `Intervention`, or a name with one of them or with a function.
        vectors: Vectors of your own, by the words that stand for them in an expression.
        horizon: Number of steps after which an episode is ended.
        tolerance: The most by which a probability of the mouse's place may be too low; with 0 the network runs in
            every state.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of range.
        VectorError: if the condition's vector does not exist for this maze.
        ConditionError: if the expression is no condition.
        NoProbabilitiesError: if the policy gives no probabilities somewhere; names maze, cell and condition.
    """
    check_maze(maze)
    settings = Settings("exact", horizon, episodes=1, seed=0, tolerance=tolerance)
    subject = SteerablePolicy.of(policy)
    named = read_condition(condition, vectors)
    subject.check([named])
    with one_torch_thread():
        forward = SharedForward(subject.module)
        steering = subject.steering.then(SteeringFactory(forward.policy).steering(named, maze))
        asked = [(maze, {named.name: steering})]
        ((_, explored),) = explore(forward, asked, horizon=settings.horizon, tolerance=settings.tolerance)
    time = np.where(maze.walls, np.nan, explored.time_in_cells()[named.name])
    bound = explored.error_bounds()[named.name]
    return Occupancy(maze, named.name, time, settings.horizon, bound, subject.name)
