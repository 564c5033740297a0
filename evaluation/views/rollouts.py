"""Episodes in the real environment, with what a person sees of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from evaluation.measuring import check_probabilities
from steered_env import Maze, MazeEnv, SteeredPolicy
from steered_env.simulator import RENDERING_SHAPE
from steered_env.steering import sample_actions

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MARGIN = 2
"""Cells around the open ones."""


@dataclass(frozen=True)
class Rollout:
    """One filmed episode.

    Attributes:
        name: Name of the condition.
        renderings: Renderings of the maze, each ``(S, S, 3)`` uint8, cut to the open cells; one more than steps.
        outcome: ``"cheese"``, ``"top right"`` or ``"neither"``.
    """

    name: str
    renderings: list[NDArray[np.uint8]] = field(repr=False)
    outcome: str

    @property
    def steps(self) -> int:
        """Number of steps of the episode."""
        return len(self.renderings) - 1


def roll_out(
    policy: SteeredPolicy,
    maze: Maze,
    name: str,
    *,
    steps: int,
    seed: int = 0,
    deterministic: bool = False,
    on_step: Callable[[int], None] = lambda _: None,
) -> Rollout:
    """Run one episode in the real environment, until the cheese, the corner, or ``steps``.

    The network runs once in every state that the mouse gets to, which is drawn once, too.

    Args:
        policy: The policy with its steering.
        maze: The maze, in its start state.
        name: Name of the condition.
        steps: Number of steps after which the episode is ended.
        seed: Seed of the actions.
        deterministic: Always take the likeliest action.
        on_step: Called after each step with their number.

    Raises:
        NoProbabilitiesError: if the policy gives no probabilities somewhere; names maze, cell and condition.
    """
    window, generator = _window(maze), np.random.default_rng(seed)
    probabilities: dict[Maze, NDArray[np.float32]] = {}
    renderings: dict[Maze, NDArray[np.uint8]] = {}
    seen = []
    env = MazeEnv(until="either", time_limit=steps, render_mode="rgb_array")
    try:
        observation, info = env.reset(options={"maze": maze})
        now, over = info["maze"], maze.mouse == maze.corner
        while True:
            if now not in renderings:
                renderings[now] = now.render()[window]
            seen.append(renderings[now])
            if over:
                break
            if now not in probabilities:
                rows = policy.action_probabilities(observation[None])
                check_probabilities(rows, name, maze, [now.mouse])
                probabilities[now] = rows
            rows = probabilities[now]
            chosen = rows.argmax(axis=1) if deterministic else sample_actions(rows, generator.random(1))
            observation, _, terminated, truncated, info = env.step(int(chosen[0]))
            now, over = info["maze"], terminated or truncated
            on_step(len(seen))
    finally:
        env.close()
    reached = {"cheese": info["reached_cheese"], "top right": info["reached_top_right"], "neither": True}
    return Rollout(name, seen, next(outcome for outcome, was in reached.items() if was))


def _window(maze: Maze) -> tuple[slice, slice]:
    """The square part of a rendered maze that holds all open cells, with a margin of a cell or two."""
    world = len(maze.walls)
    first = int(np.argwhere(~maze.walls).min())
    last = int(np.argwhere(~maze.walls).max())
    low, high = max(0, first - _MARGIN), min(world, last + 1 + _MARGIN)
    side = RENDERING_SHAPE[0] / world
    columns = slice(round(low * side), round(high * side))
    rows = slice(round((world - high) * side), round((world - low) * side))
    return rows, columns
