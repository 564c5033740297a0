"""Stable-Baselines3's actor-critic with the 15 actions seen as the 5 moves that they make.

A module of its own, since importing it imports Stable-Baselines3.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from steered_env.maze import MOVE_OF_ACTION
from steered_env.system import needing

with needing("sb3"):
    from stable_baselines3.common.distributions import CategoricalDistribution
    from stable_baselines3.common.policies import ActorCriticCnnPolicy

_MOVES = sorted(set(MOVE_OF_ACTION))
_MOVE_OF = torch.tensor([_MOVES.index(move) for move in MOVE_OF_ACTION])


class MoveDistribution(CategoricalDistribution):
    """Draws one of the 15 actions, but counts actions that make the same move as one.

    Three actions move left, three right, and seven stay. To a loss that tells them apart, which of the three was
    taken is noise, and an entropy bonus is earned by spreading over them. Here the probability of an action is that
    of its move, and the entropy that of the five moves.
    """

    def log_prob(self, actions: Tensor) -> Tensor:
        """Log-probabilities of the moves that actions ``(B,)`` make: ``(B,)``, in nats."""
        chosen = _MOVE_OF.to(actions.device)[actions.long()]
        return self._moves().gather(1, chosen[:, None])[:, 0]

    def entropy(self) -> Tensor:
        """Entropy over the five moves: ``(B,)``, in nats, at most ln 5."""
        logs = self._moves()
        return -(logs.exp() * logs).sum(dim=1)

    def _moves(self) -> Tensor:
        """The logarithms of the probabilities of the five moves: ``(B, 5)``."""
        logits = self.distribution.logits
        owner = _MOVE_OF.to(logits.device)
        parts = [torch.logsumexp(logits[:, owner == move], dim=1) for move in range(len(_MOVES))]
        return torch.stack(parts, dim=1)


class MovePolicy(ActorCriticCnnPolicy):
    """A ``CnnPolicy`` whose losses see moves instead of actions; it takes the same arguments."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.action_dist = MoveDistribution(len(MOVE_OF_ACTION))
