"""One maze in which the policy is known everywhere, and known again soon under another steering."""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from steered_env import Maze, Steering
from steered_env.maze import ACTIONS_OF, DIRECTIONS, STAYING_ACTIONS
from steered_env.policy import probabilities_of
from steered_env.simulator import ACTIONS
from steered_env.steering import Intervention
from steered_env.system import check_given_up, cores, in_threads_of

from .chain import Chain
from .cuts import Cut, Stages
from .exact import outcomes
from .exploration import Exploration
from .measures import Measures, towards_cheese_and_corner
from .packed_forward import PlainActivations
from .settings import TOLERANCE
from .shared_forward import SharedForward, check_probabilities
from .vectors import Term

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BATCH, _SMALLEST_BATCH = 16, 8
"""States in each forward pass: of larger ones small mazes leave a thread without work, smaller ones take as long."""
_KEPT_BYTES = 300_000_000
"""Activations of one layer that are kept at most; those of a wide network's first layers would fill the memory."""


def net_moves(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(N, 15)`` action probabilities to ``(N, 2)``: that of right minus left, and of up minus down."""
    result: NDArray[np.float64] = sum(
        probabilities[:, list(ACTIONS_OF[move])].sum(axis=1)[:, None] * np.array([cols, rows_up])
        for move, (rows_up, cols) in DIRECTIONS.items()
    )
    return result


@dataclass(frozen=True)
class MazeNumbers:
    """What a policy does in one maze.

    Attributes:
        chain: The maze with all its open cells.
        probabilities: ``(S, 15)`` float32, in each state of the chain; NaN in those that hardly matter.
        time: ``(N,)`` float64, expected number of an episode's steps that begin in each of the chain's cells.
        measures: As `evaluate` gives them.
        moves: At the decision square, facing left, the probability of each move, and of ``stay``; None without one.
    """

    chain: Chain
    probabilities: NDArray[np.float32]
    time: NDArray[np.float64]
    measures: Measures
    moves: dict[str, float] | None

    @property
    def arrows(self) -> NDArray[np.float64]:
        """``(N, 2)``, those of a vector field, in each of the chain's cells."""
        return net_moves(self.probabilities[0::2].astype(np.float64))  # facing left

    @property
    def steps(self) -> float:
        """Expected number of steps of an episode."""
        return float(self.time.sum())


class KnownMaze:
    """Runs a policy in one maze under one steering after another.

    What the network computes before the first steered layer is kept for the next steering that begins there. It runs in
    every open cell with the mouse facing left, for the vector field, and facing right where the mouse gets to so: what
    is left out changes no rate by more than the tolerance. Every number is that of `evaluate` and `vector_field`, to
    the last digits of float32, since batches are of another size.

    Args:
        forward: The policy.
        maze: The maze, from where its mouse stands.
        pool: Threads that run the batches; None for none but the caller's.

    Attributes:
        chain: The maze with all its open cells.
        vectors: The maze's own vectors, for `SteeringFactory.steering`.
    """

    def __init__(self, forward: SharedForward, maze: Maze, pool: Executor | None = None) -> None:
        self.chain = Chain.of(maze, everywhere=True)
        self.vectors: dict[Term, Steering] = {}
        self._forward, self._pool = forward, pool
        self._plain = _KeptActivations(self.chain)
        self._visited = np.zeros(self.chain.states, np.bool_)  # under the last steering: the next one's will be alike

    def with_mouse_of(self, maze: Maze) -> KnownMaze:
        """The same for the maze with its mouse elsewhere; what is kept of the network is shared."""
        known = copy.copy(self)
        known.chain, known.vectors = replace(self.chain, maze=maze), {}
        return known

    def numbers(
        self, steering: Intervention | None, name: str, *, horizon: int, tolerance: float = TOLERANCE
    ) -> MazeNumbers:
        """Compute all numbers under one steering.

        Args:
            steering: The steering; None for none.
            name: Name of the condition, for errors.
            horizon: Steps of an episode.
            tolerance: The most by which a rate may be too low; with 0 the network runs in every state.

        Raises:
            NoProbabilitiesError: if the policy gives no probabilities somewhere; names maze, cell and condition.
            GivenUpError: if nobody waits for it any more.
        """
        chain = self.chain
        explored = Exploration(chain, horizon=horizon, tolerance=tolerance, deterministic=False)
        self._explore(explored, steering, name)
        rows, known = explored.probabilities, explored.known
        ((rates, time_in_states),) = outcomes(chain, rows[None], known[None], horizon)
        self._visited = time_in_states > tolerance
        square = chain.maze.decision_square
        at_square = rows[0 if square is None else chain.state_of(square, facing_right=False)]
        return MazeNumbers(
            chain,
            rows,
            time_in_states.reshape(-1, 2).sum(axis=1),
            Measures.of(
                chain.maze, rates, towards_cheese_and_corner(chain.maze, at_square), error_bound=explored.bound
            ),
            None if square is None else _moves(at_square),
        )

    def keep_for(self, steering: Intervention) -> None:
        """Let the next unsteered numbers keep what a steering will need, so that no layer runs twice for it."""
        if (stages := self._forward.stages()) is not None and (cut := stages.cut_of(steering)).stage < len(stages):
            self._plain.wanted = cut.stage

    def _explore(self, explored: Exploration, steering: Intervention | None, name: str) -> None:
        """Run the policy facing left everywhere and where it went before, and then wherever else it matters."""
        run, likely = self._runner(steering), self._visited.copy()
        likely[0::2] = True
        likely[explored.ask()] = True  # without a tolerance all
        states = np.flatnonzero(likely)
        while len(states):
            rows = run(states)
            check_probabilities(
                rows, name, self.chain.maze, [self.chain.cells[state // 2] for state in states.tolist()]
            )
            explored.learn(states, rows)
            states = self._with_states_ahead(explored.ask(), explored.known)

    def _with_states_ahead(self, states: NDArray[np.intp], known: NDArray[np.bool_]) -> NDArray[np.intp]:
        """States that matter, and where the mouse may get to from there, as many as a batch has for nothing."""
        chosen, queue = set(states.tolist()), deque(states.tolist())
        while queue and len(chosen) % _BATCH:
            for state in self.chain.after[queue.popleft()].tolist():
                if state < self.chain.states and not known[state] and state not in chosen and len(chosen) % _BATCH:
                    chosen.add(state)
                    queue.append(state)
        return np.array(sorted(chosen), np.intp)

    def _runner(self, steering: Intervention | None) -> Callable[[NDArray[np.intp]], NDArray[np.float32]]:
        """What computes the action probabilities ``(N, 15)`` in N states, unchecked."""
        stages = self._forward.stages()
        if stages is None:
            return lambda states: self._forward.probabilities(
                self.chain.observations(states.tolist()), [steering or Steering()]
            )[0]
        steers = steering is not None and bool(steering.changes())
        cut = stages.cut_of(steering) if steering is not None and steers else None
        return lambda states: self._in_batches(stages, cut, states)

    def _in_batches(self, stages: Stages, cut: Cut | None, states: NDArray[np.intp]) -> NDArray[np.float32]:
        rows = np.empty((len(states), ACTIONS), np.float32)
        stage = self._plain.wanted_of(stages) if cut is None else cut.stage

        def run(batch: NDArray[np.intp]) -> None:
            check_given_up()
            with torch.inference_mode():
                x = self._plain.input_of(stages, stage, states[batch])
                if cut is not None and cut.change is not None:
                    x = cut.change(x)
                rows[batch] = probabilities_of(stages.logits(x, stage))

        batches = _in_equal_parts(len(states))
        if cut is not None and cut.rest.changes():
            with cut.rest.applied_to(stages.policy):  # of this thread alone
                for batch in batches:
                    run(batch)
        elif self._pool is None or len(batches) == 1:
            for batch in batches:
                run(batch)
        else:
            in_threads_of(self._pool, run, batches)
        return rows


class _KeptActivations:
    """Activations of the unsteered network in states of one maze, for several threads.

    Args:
        chain: The maze.

    Attributes:
        wanted: The stage whose inputs are kept while the unsteered network runs; None for none.
    """

    def __init__(self, chain: Chain) -> None:
        self.wanted: int | None = None
        self._chain = chain
        self._plain = PlainActivations(chain)
        self._stages: set[int] = set()
        self._lock = threading.Lock()

    def wanted_of(self, stages: Stages) -> int:
        """The stage from which on the unsteered network need not be kept."""
        return len(stages) if self.wanted is None else self.wanted

    def input_of(self, stages: Stages, stage: int, states: NDArray[np.intp]) -> Tensor:
        """The inputs ``(N, …)`` of a stage in N states, computed where they are not kept."""
        with self._lock:
            missing = self._plain.missing(stage, states)
        if len(missing):
            computed = self._computed(stages, stage, missing)
            if computed[0].nbytes * self._chain.states > _KEPT_BYTES:
                return computed if len(missing) == len(states) else self._computed(stages, stage, states)
            with self._lock:
                self._plain.keep(stage, missing, computed)
                self._stages.add(stage)
        return self._plain.at(stage, states)

    def _computed(self, stages: Stages, stage: int, states: NDArray[np.intp]) -> Tensor:
        with self._lock:
            earlier = [
                number for number in self._stages if number < stage and not len(self._plain.missing(number, states))
            ]
        if earlier:
            return stages.run(self._plain.at(max(earlier), states), max(earlier), stage)
        return stages.run(stages.policy.input_of(self._chain.observations(states.tolist())), 0, stage)


def _in_equal_parts(count: int) -> list[NDArray[np.intp]]:
    """The numbers below a count in batches, as many for each core, so that all cores end together."""
    least = -(-count // _BATCH)
    parts = min(-(-least // cores()) * cores(), max(least, count // _SMALLEST_BATCH))
    return np.array_split(np.arange(count), parts)


def _moves(probabilities: NDArray[np.floating[Any]]) -> dict[str, float]:
    actions = {**ACTIONS_OF, "stay": STAYING_ACTIONS}
    exact = probabilities.astype(np.float64)
    return {move: float(exact[list(those)].sum()) for move, those in actions.items()}
