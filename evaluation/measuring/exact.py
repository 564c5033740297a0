"""Reach rates without sampling noise: the maze as a Markov chain.

The network runs once in every state that matters, and pushing the start through the chain for ``horizon`` steps gives
the probability of every end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from steered_env import Maze
from steered_env.simulator import ACTIONS
from steered_env.steering import Intervention

from .chain import Chain
from .cuts import Cut
from .exploration import Exploration
from .measures import Measures, ReachRates, corner_of, towards_cheese_and_corner
from .packed_forward import PackedForward, PlainActivations, Request
from .shared_forward import SharedForward, check_probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray


def measure_exactly(
    forward: SharedForward,
    mazes: Sequence[tuple[Maze, Mapping[str, Intervention]]],
    *,
    horizon: int,
    tolerance: float,
    deterministic: bool = False,
) -> list[dict[str, Measures]]:
    """Measure mazes, each under several conditions.

    Args:
        forward: the policy.
        mazes: each in its start state, with the steerings of its conditions by their names.
        horizon: steps.
        tolerance: the most by which a rate may be too low, see `Exploration`; with 0 the network runs in every state.
        deterministic: the likeliest action is always taken.

    Returns:
        For each maze the measures of each condition.

    Raises:
        NoProbabilitiesError: if the policy gives no probabilities somewhere; names maze, cell and condition.
    """
    explored = explore(forward, mazes, horizon=horizon, tolerance=tolerance, deterministic=deterministic)
    measures = {number: maze.measures() for number, maze in explored}
    return [measures.get(number, {}) for number in range(len(mazes))]  # {} where no vector exists


def explore(
    forward: SharedForward,
    mazes: Sequence[tuple[Maze, Mapping[str, Intervention]]],
    *,
    horizon: int,
    tolerance: float,
    deterministic: bool = False,
) -> Iterator[tuple[int, ExploredMaze]]:
    """Explore mazes, and hand out each with its number as soon as all states that matter are known.

    Args:
        forward: the policy.
        mazes: as for `measure_exactly`; those without a condition are left out.
        horizon: steps.
        tolerance: as for `measure_exactly`.
        deterministic: the likeliest action is always taken.
    """
    stages = forward.stages() if tolerance else None
    packed = None if stages is None else PackedForward(stages)
    most = 1 if packed is None else packed.sizes.mazes  # nothing is gained by keeping what fills no common batch
    queue = ((number, maze, conditions) for number, (maze, conditions) in enumerate(mazes) if conditions)
    pool: dict[int, ExploredMaze] = {}
    while True:
        for number, maze, conditions in islice(queue, most - len(pool)):
            pool[number] = ExploredMaze(
                forward, packed, maze, conditions, horizon=horizon, tolerance=tolerance, deterministic=deterministic
            )
        if not pool:
            return
        asked = {number: maze.ask() for number, maze in pool.items()}
        if packed is not None:
            packed.answer([request for requests in asked.values() for request in requests])
        for number in [number for number, requests in asked.items() if not requests]:
            yield number, pool.pop(number)


class ExploredMaze:
    """One maze under several conditions, and what the policy does in the states that matter.

    Conditions that cannot be packed with others are run in every state at once.
    """

    def __init__(
        self,
        forward: SharedForward,
        packed: PackedForward | None,
        maze: Maze,
        conditions: Mapping[str, Intervention],
        *,
        horizon: int,
        tolerance: float,
        deterministic: bool,
    ) -> None:
        self._chain, self._horizon = Chain.of(maze), horizon
        activations = PlainActivations(self._chain)
        cuts = [None] * len(conditions) if packed is None else packed.cuts(list(conditions.values()))
        self._conditions = [
            _Condition(
                name,
                activations,
                cut,
                Exploration(self._chain, horizon=horizon, tolerance=tolerance, deterministic=deterministic),
            )
            for name, cut in zip(conditions, cuts, strict=True)
        ]
        if whole := [condition for condition in self._conditions if condition.cut is None]:
            states = np.arange(self._chain.states)
            cells = [self._chain.cells[state // 2] for state in states.tolist()]
            steerings = {condition.name: conditions[condition.name] for condition in whole}
            rows = forward.at(maze, cells, self._chain.observations(states.tolist()), steerings)
            for condition, probabilities in zip(whole, rows, strict=True):
                condition.exploration.learn(states, probabilities)

    def ask(self) -> list[Request]:
        """The states in which the policy must be known to go on; none when all that matter are known."""
        return [request for condition in self._conditions for request in condition.ask()]

    def measures(self) -> dict[str, Measures]:
        """The measures of each condition."""
        chain = self._chain
        maze, square = chain.maze, chain.maze.decision_square
        state = 0 if square is None else chain.state_of(square, facing_right=False)
        explorations = [condition.exploration for condition in self._conditions]
        taken = np.stack([exploration.taken for exploration in explorations])
        known = np.stack([exploration.known for exploration in explorations])
        found = outcomes(chain, taken, known, self._horizon)
        return {
            condition.name: Measures.of(
                maze,
                outcome.rates,
                towards_cheese_and_corner(maze, explored.probabilities[state]),
                error_bound=explored.bound,
            )
            for condition, explored, outcome in zip(self._conditions, explorations, found, strict=True)
        }

    def error_bounds(self) -> dict[str, float]:
        """For each condition the most by which a probability may be too low."""
        return {condition.name: condition.exploration.bound for condition in self._conditions}

    def time_in_cells(self) -> dict[str, NDArray[np.float64]]:
        """For each condition the expected number of steps that begin in each cell, ``(25, 25)`` float64."""
        chain, places = self._chain, tuple(np.array(self._chain.cells).T)
        result = {}
        for condition in self._conditions:
            explored = condition.exploration
            ends = chain.ends(explored.taken[None], [None], self._horizon, explored.known[None])
            in_cells = np.zeros(chain.maze.walls.shape)
            in_cells[places] = ends.time[0, 0].reshape(-1, 2).sum(axis=1)
            result[condition.name] = in_cells
        return result


class _Condition:
    """One maze under one condition.

    Args:
        name: of the condition.
        activations: of the maze.
        cut: where its pass leaves the plain one; None if it cannot be packed with others.
        exploration: finds the states that matter.
    """

    def __init__(self, name: str, activations: PlainActivations, cut: Cut | None, exploration: Exploration) -> None:
        self.name, self.cut, self.exploration = name, cut, exploration
        self._activations, self._chain = activations, activations.chain
        self._rows = np.empty((self._chain.states, ACTIONS), np.float32)
        self._has_run = np.zeros(self._chain.states, np.bool_)

    def ask(self) -> Iterator[Request]:
        """Ask for what the exploration asks for, if that has not been run ahead."""
        while len(states := self.exploration.ask()) and self.cut is not None:
            known = states[self._has_run[states]]
            if not len(known):
                yield Request(self._activations, self.cut, states, partial(self._ahead, states), self._keep)
                return
            cells = [self._chain.cells[state // 2] for state in known.tolist()]
            check_probabilities(self._rows[known], self.name, self._chain.maze, cells)
            self.exploration.learn(known, self._rows[known])

    def _keep(self, states: NDArray[np.intp], probabilities: NDArray[np.float32]) -> None:
        self._rows[states] = probabilities
        self._has_run[states] = True

    def _ahead(self, states: NDArray[np.intp], count: int) -> NDArray[np.intp]:
        """States in new cells where the mouse may get to from some, the nearest first."""
        seen = {*(np.flatnonzero(self._has_run) // 2).tolist(), *(states // 2).tolist()}
        queue, ahead = deque(states.tolist()), list[int]()
        while queue and len(ahead) < count:
            for state in self._chain.after[queue.popleft()].tolist():
                if state < self._chain.states and state // 2 not in seen:
                    seen.add(state // 2)
                    queue.append(state)
                    ahead.append(state)
        return np.array(ahead[:count], np.intp)


class Outcome(NamedTuple):
    """What becomes of a policy in one maze.

    Attributes:
        rates: The probabilities of reaching places.
        time: ``(S,)`` float64, the expected number of an episode's steps that begin in each state.
    """

    rates: ReachRates
    time: NDArray[np.float64]


def outcomes(
    chain: Chain, taken: NDArray[np.floating[Any]], known: NDArray[np.bool_] | None, horizon: int
) -> list[Outcome]:
    """Compute what becomes of several policies in one maze.

    Args:
        chain: the maze.
        taken: ``(K, S, 15)``, the probabilities with which K policies take each action.
        known: ``(K, S)`` bool, where they are known; None for everywhere.
        horizon: steps.
    """
    places = [None, corner_of(chain.maze), chain.maze.top_right_region()]
    found = []
    for at_place, at_cheese, time in zip(*chain.ends(taken, places, horizon, known), strict=True):
        cheese, corner, region = at_place.tolist()
        rates = ReachRates(cheese, corner, region, either=float(min(at_place[1] + at_cheese[1], 1.0)))
        found.append(Outcome(rates, time[0]))  # nothing but the cheese stops the mouse there
    return found
