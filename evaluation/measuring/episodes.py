"""Single episodes of a policy that is known in every state of a maze."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from steered_env.maze import after
from steered_env.simulator import Cell
from steered_env.steering import sample_actions

from .chain import Chain

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Episode:
    """One episode.

    Attributes:
        states: Cells of the mouse, each with whether it faces right; one more than steps.
        outcome: ``"cheese"``, ``"top right"`` or ``"neither"``.
    """

    states: tuple[tuple[Cell, bool], ...]
    outcome: str


def walk(
    chain: Chain, probabilities: NDArray[np.float32], *, steps: int, seed: int = 0, deterministic: bool = False
) -> Episode:
    """Walk one episode, until the cheese, the corner, or ``steps``: the one that a film with this seed shows.

    Args:
        chain: The maze.
        probabilities: ``(S, 15)`` in each state of the chain.
        steps: Number of steps after which the episode is ended.
        seed: Seed of the actions.
        deterministic: Always take the likeliest action.
    """
    maze, generator = chain.maze, np.random.default_rng(seed)
    ends = {maze.cheese: "cheese", maze.corner: "top right"}
    state = maze.mouse, maze.facing_right
    states = [state]
    number = {cell: index for index, cell in enumerate(chain.cells)}
    while state[0] not in ends and len(states) <= steps:
        row = probabilities[2 * number[state[0]] + state[1]][None]
        chosen = row.argmax(axis=1) if deterministic else sample_actions(row, generator.random(1))
        state = after(maze.walls, *state, int(chosen[0]))
        states.append(state)
    return Episode(tuple(states), ends.get(state[0], "neither"))
