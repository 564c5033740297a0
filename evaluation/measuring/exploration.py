"""Finding the states of a maze that matter under one condition, by pushing the mouse's probability forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from steered_env.simulator import ACTIONS
from steered_env.system import check_given_up

from .chain import Chain, move_probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHARE_OF_REST = 1 / 16
"""Share of the remaining tolerance that may be given up in one step, so that something is left for later ones."""
_MOST_EXPLORED = 0.8
"""Share of the states above which all are run: to find out which ones matter would cost more than it saves."""


class Exploration:
    """Finds the states of a maze that matter under one condition.

    The probability that the mouse is in a state is pushed forward, step by step. Where it would get to states in which
    the policy is not known yet, the policy is asked there first, unless so little would arrive that it can be given up.
    All that is given up, the bound, is at most the tolerance: no probability of an end within the horizon is too low by
    more, and none is too high.

    Args:
        chain: the maze.
        horizon: steps.
        tolerance: the most that is given up, 0 to 1; with 0 all states are asked for at once.
        deterministic: the likeliest action is always taken.

    Attributes:
        probabilities: ``(S, 15)`` float32, NaN where the policy is not known.
        known: ``(S,)`` bool, where it is.
        bound: The probability that was given up.
    """

    def __init__(self, chain: Chain, *, horizon: int, tolerance: float, deterministic: bool) -> None:
        self._chain, self._horizon, self._tolerance = chain, horizon, tolerance
        self._deterministic = deterministic
        self.probabilities = np.full((chain.states, ACTIONS), np.nan, np.float32)
        self.known = np.zeros(chain.states, np.bool_)
        self.bound = 0.0
        self._step = 0
        self._mass = np.zeros(chain.states + 1)
        self._mass[chain.start] = 1.0
        self._moves = np.zeros(chain.after.shape)
        self._asked = np.arange(chain.states) if tolerance == 0 else np.unique([chain.start, *_decision_state(chain)])

    @property
    def taken(self) -> NDArray[np.float32]:
        """The probabilities with which actions are taken, ``(S, 15)`` float32."""
        return _likeliest(self.probabilities) if self._deterministic else self.probabilities

    def ask(self) -> NDArray[np.intp]:
        """Find the states in which the policy must be known to go on; none once the horizon is reached."""
        if self.known.all():
            return np.empty(0, np.intp)
        unanswered = self._asked[~self.known[self._asked]]
        return unanswered if len(unanswered) else self._push()

    def learn(self, states: NDArray[np.intp], probabilities: NDArray[np.float32]) -> None:
        """Take in what the policy would do.

        Args:
            states: N of them.
            probabilities: ``(N, 15)`` float32.
        """
        self.probabilities[states] = probabilities
        self.known[states] = True
        taken = _likeliest(probabilities) if self._deterministic else probabilities
        self._moves[states] = move_probabilities(taken[None])[0]

    def _push(self) -> NDArray[np.intp]:
        """Push the mass forward until it reaches the horizon or states to ask in, and return these."""
        known = np.append(self.known, True).astype(np.float64)
        unknown, sources = 1 - known, np.flatnonzero(self.known)
        moves, targets, size = self._moves[sources], self._chain.after[sources].ravel(), len(known)
        while self._step < self._horizon:
            check_given_up()
            moved = moves * self._mass.take(sources)[:, None]
            arrived = np.asarray(np.bincount(targets, moved.ravel(), size), np.float64)
            lost = float(arrived.dot(unknown))
            may_give_up = (self._tolerance - self.bound) * _SHARE_OF_REST
            if lost > may_give_up:
                self._asked = self._worth_asking(arrived[:-1], may_give_up)
                return self._asked
            self.bound += lost
            arrived *= known
            arrived[-1] += self._mass[-1]  # what is at the cheese stays there
            self._mass = arrived
            self._step += 1
        return np.empty(0, np.intp)

    def _worth_asking(self, arrivals: NDArray[np.float64], may_give_up: float) -> NDArray[np.intp]:
        """The states to ask in, so that what arrives in all others may be given up."""
        unknown = np.flatnonzero(~self.known & (arrivals > 0))
        order = unknown[np.argsort(arrivals[unknown], kind="stable")]
        worth = order[np.cumsum(arrivals[order]) > may_give_up]
        if not len(worth):  # sums in another order may differ a little
            worth = order[-1:]
        if self.known.sum() + len(worth) > _MOST_EXPLORED * len(self.known):
            return np.flatnonzero(~self.known)
        return np.sort(worth)


def _likeliest(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """The likeliest action with certainty: ``(N, 15)`` probabilities to as many of 0 and 1."""
    taken: NDArray[np.float32] = np.eye(ACTIONS, dtype=np.float32)[probabilities.argmax(axis=-1)]
    return taken


def _decision_state(chain: Chain) -> list[int]:
    square = chain.maze.decision_square
    return [] if square is None else [chain.state_of(square, facing_right=False)]
