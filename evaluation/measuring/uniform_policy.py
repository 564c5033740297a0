"""A policy that acts by chance, to compare others with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from steered_env.simulator import ACTIONS, OBSERVATION_SHAPE

if TYPE_CHECKING:
    from numpy.typing import NDArray


class UniformPolicy(nn.Module):
    """Takes each of the 15 actions with the same probability, whatever it sees.

    Three actions move left, three right, one up, one down, and seven stay where they are.

    Example:
        >>> from evaluation import UniformPolicy, evaluate
        >>> results = evaluate(UniformPolicy(), levels=range(3))
        >>> bool((results.frame["reach_cheese"] > 0).all())
        True
    """

    def action_probabilities(self, observations: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(B, 15)`` float32 for observations ``(B, 64, 64, 3)``, or ``(15,)`` for one observation."""
        several = np.ndim(observations) > len(OBSERVATION_SHAPE)
        return np.full((len(observations), ACTIONS) if several else ACTIONS, 1 / ACTIONS, np.float32)
