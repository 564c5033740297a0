"""A maze as a Markov chain.

The observation depends on nothing but the maze, the mouse's cell and its facing, so that a memoryless policy in a fixed
maze is a Markov chain on (cell, facing).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from steered_env import Maze
from steered_env.maze import ACTIONS_OF, STAYING_ACTIONS, after_all, reachable
from steered_env.simulator import Cell, draw_observations
from steered_env.system import check_given_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ACTIONS_OF_MOVES = [list(actions) for actions in (*ACTIONS_OF.values(), STAYING_ACTIONS)]
"""Actions of each move: left, down, up, right, and stay."""
_STAYS = np.array([0.0, 0.0, 0.0, 0.0, 1.0])


class Ends(NamedTuple):
    """What becomes of K policies that stop at one of T places and at the cheese.

    Attributes:
        at_place: ``(K, T)`` float64, the probability of being at the place after the horizon.
        at_cheese: ``(K, T)`` float64, that of being at the cheese.
        time: ``(K, T, S)`` float64, the expected number of steps that begin in each state. Those in which the mouse
            waits at the place count too, those at the cheese do not.
    """

    at_place: NDArray[np.float64]
    at_cheese: NDArray[np.float64]
    time: NDArray[np.float64]


@dataclass(frozen=True)
class Chain:
    """The states of one maze and where each move leads.

    State ``2 * i + facing_right`` is the mouse in ``cells[i]``; one more state, the last, is the mouse at the
    cheese.

    Attributes:
        maze: in its start state.
        cells: those the mouse can get to without passing the cheese, and the decision square; or all open ones.
        after: ``(S, 5)`` int, the state after each of left, down, up, right, stay; S counts all but the last.
    """

    maze: Maze
    cells: tuple[Cell, ...]
    after: NDArray[np.intp]

    @classmethod
    def of(cls, maze: Maze, *, everywhere: bool = False) -> Chain:
        """The chain of a maze, from wherever its mouse stands.

        Args:
            maze: The maze.
            everywhere: With all open cells but the cheese's, also those that the mouse never gets to.
        """
        walls = maze.walls.copy()
        if maze.cheese is not None:
            walls[maze.cheese] = True
        reached = ~walls if everywhere else reachable(walls, maze.mouse)
        if maze.decision_square is not None:
            reached[maze.decision_square] = True
        cells = tuple((int(row), int(col)) for row, col in np.argwhere(reached))
        number = np.full(walls.shape, len(cells))  # the cheese's, and that of what lies behind it
        number[reached] = np.arange(len(cells))
        mice, facings = np.argwhere(reached).repeat(2, axis=0), np.arange(2 * len(cells)) % 2 == 1
        after = np.empty((2 * len(cells), len(_ACTIONS_OF_MOVES)), np.intp)
        for move, (action, *_) in enumerate(_ACTIONS_OF_MOVES):
            there, turned = after_all(maze.walls, mice, facings, action)
            after[:, move] = 2 * number[tuple(there.T)] + turned
        at_cheese = 2 * len(cells)
        return cls(maze, cells, after.clip(max=at_cheese))

    @property
    def states(self) -> int:
        """The number S of states in which the mouse acts: all but the last."""
        return 2 * len(self.cells)

    @property
    def start(self) -> int:
        """The state in which an episode begins."""
        return self.state_of(self.maze.mouse, self.maze.facing_right)

    def observations(self, states: Iterable[int]) -> NDArray[np.uint8]:
        """Draw what the policy sees in N of the states, of which none is the last: ``(N, 64, 64, 3)`` uint8."""
        return draw_observations([self.maze.with_mouse(self.cells[state // 2], state % 2 == 1) for state in states])

    def state_of(self, cell: Cell, facing_right: bool) -> int:
        """The index of a state."""
        return 2 * self.cells.index(cell) + int(facing_right)

    def reach(
        self, probabilities: NDArray[np.floating[Any]], places: Sequence[NDArray[np.bool_] | None], horizon: int
    ) -> NDArray[np.float64]:
        """The probability of reaching places within the horizon and before the cheese; see `ends`.

        Returns:
            ``(K, T)`` float64.
        """
        return self.ends(probabilities, places, horizon).at_place

    def ends(
        self,
        probabilities: NDArray[np.floating[Any]],
        places: Sequence[NDArray[np.bool_] | None],
        horizon: int,
        known: NDArray[np.bool_] | None = None,
    ) -> Ends:
        """Compute where the mouse is after the horizon, and was before, if it stops at a place and at the cheese.

        Args:
            probabilities: ``(K, S, 15)``, K policies.
            places: T masks of cells ``(25, 25)``; None for the cheese itself.
            horizon: steps.
            known: ``(K, S)`` bool, the states whose probabilities are known; all by default. The mouse disappears in
                the others, unless they are of the place.
        """
        moves = move_probabilities(probabilities)
        if known is not None:
            moves = np.where(known[:, :, None], moves, _STAYS)
        goals = np.stack([self._goal_states(place) for place in places])
        shape = (len(moves), len(places), self.states + 1)
        matrix = self._transitions(moves, goals, known)
        where = np.zeros(shape)
        where[:, :, self.start] = 1.0
        flat, time = where.ravel(), np.zeros(where.size)
        for _ in range(horizon):
            check_given_up()
            time += flat
            flat = matrix @ flat
        final, time = flat.reshape(shape), time.reshape(shape)
        at_place, at_cheese = (final * goals).sum(axis=2), final[:, :, -1]
        return Ends(at_place.clip(0.0, 1.0), at_cheese.clip(0.0, 1.0), time[:, :, :-1])  # rounding may add a little

    def _transitions(
        self, moves: NDArray[np.float64], goals: NDArray[np.bool_], known: NDArray[np.bool_] | None
    ) -> csr_array:
        """One block for each policy and place: from state to state, where the states of the place and the cheese hold.

        Args:
            moves: ``(K, S, 5)``, the probability of each move.
            goals: ``(T, S + 1)`` bool, the states of each place.
            known: ``(K, S)`` bool, or None for all.
        """
        (policies, states), count = moves.shape[:2], len(goals)
        size = states + 1
        blocks = np.arange(policies * count).reshape(policies, count, 1, 1) * size
        stays = goals[None, :, :states, None]
        own = np.arange(states)[:, None]
        target = np.where(stays, own, self.after[None, None]) + blocks
        source = np.broadcast_to(own + blocks, target.shape)
        weight = np.broadcast_to(moves[:, None], target.shape)
        if known is None:
            used: NDArray[np.bool_] = np.ones(target.shape, np.bool_)
        else:
            used = np.broadcast_to(known[:, None, :, None] | stays, target.shape)
        ends = np.arange(policies * count) * size + states
        total = policies * count * size
        return csr_array(
            (
                np.concatenate([weight[used], np.ones(len(ends))]),
                (np.concatenate([target[used], ends]), np.concatenate([source[used], ends])),
            ),
            shape=(total, total),
        )

    def _goal_states(self, place: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        goal = np.zeros(2 * len(self.cells) + 1, np.bool_)
        if place is None:
            goal[-1] = True
        else:
            goal[:-1] = np.repeat([place[cell] for cell in self.cells], 2)
        return goal


def move_probabilities(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """``(K, S, 15)`` action probabilities to ``(K, S, 5)`` of the moves, each state's summing to 1."""
    exact = probabilities.astype(np.float64)
    moves = np.stack([_added(exact, actions) for actions in _ACTIONS_OF_MOVES], axis=2)
    total = _added(moves, range(len(_ACTIONS_OF_MOVES)))
    result: NDArray[np.float64] = moves / total[:, :, None]
    return result


def _added(columns: NDArray[np.float64], numbers: Iterable[int]) -> NDArray[np.float64]:
    """Add up some columns of ``(K, S, N)`` one after another: how numpy's sum rounds depends on K and S."""
    return reduce(np.add, [columns[:, :, number] for number in numbers])
