"""Live Stable-Baselines3 models as policies; without importing Stable-Baselines3 where nobody else has."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from gymnasium import spaces
from torch import nn

from steered_env.simulator import ACTIONS, FRAME_SHAPE

from .observations import CHANNELS_FIRST, as_batch, is_one_frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PACKAGES = ("stable_baselines3", "sb3_contrib")
_CHOOSES = ("predict", "_predict")


class UnknownPolicyError(TypeError):
    """A model that chooses its actions in a way whose probabilities cannot be known."""


class SB3Policy(nn.Module):
    """The policy of a Stable-Baselines3 model, as `as_policy` gives it.

    Frames become input as the model's ``predict`` makes it of them, and the probabilities are those with which it would
    choose: of an actor-critic (PPO, A2C) its distribution; of one that takes the action of greatest value (DQN) that
    action, but for the share of random ones that the model explores with. The layers are those of the model's policy,
    under its own names; of DQN without the target network, which chooses nothing.

    Args:
        policy: The model's policy.
        exploration: The probability that any action is taken, whatever it is worth.
        adapted: Name of the policy in tables; defaults to its class.

    Raises:
        UnknownPolicyError: if it takes other observations or actions, remembers, or chooses in its own way.
    """

    def __init__(self, policy: Any, exploration: float = 0.0, adapted: str | None = None) -> None:
        super().__init__()
        _check(policy)
        self.exploration, self.adapted = exploration, adapted or type(policy).__name__
        self._whole = [policy]  # in a list: only what chooses is a part of this module
        if hasattr(policy, "q_net"):
            self.q_net = policy.q_net
        else:
            self.policy = policy

    def extra_repr(self) -> str:
        """What the probabilities depend on beside the weights."""
        return f"{type(self._whole[0]).__name__}, exploration={self.exploration}"

    def action_probabilities(self, observations: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(B, 15)`` float32 for frames ``(B, 64, 64, 3)`` uint8, or ``(15,)`` for one frame.

        As ``predict`` does, it leaves the policy in evaluation mode.
        """
        policy = self._whole[0]
        frames = as_batch(observations)
        if policy.observation_space.shape == CHANNELS_FIRST:
            frames = frames.transpose(0, 3, 1, 2)
        policy.set_training_mode(False)
        with torch.inference_mode():
            inputs, _ = policy.obs_to_tensor(np.ascontiguousarray(frames))
            probabilities = self._drawn(policy, inputs) if hasattr(policy, "action_dist") else self._best(inputs)
        return probabilities[0] if is_one_frame(observations) else probabilities

    @staticmethod
    def _drawn(policy: Any, inputs: Any) -> NDArray[np.float32]:
        own = copy.copy(policy)  # get_distribution writes into action_dist, which threads share
        own.action_dist = copy.copy(policy.action_dist)
        probabilities: NDArray[np.float32] = own.get_distribution(inputs).distribution.probs.float().cpu().numpy()
        return probabilities

    def _best(self, inputs: Any) -> NDArray[np.float32]:
        actions = self._whole[0]._predict(inputs, deterministic=True).cpu().numpy()
        best = np.eye(ACTIONS, dtype=np.float32)[actions]
        probabilities: NDArray[np.float32] = (1 - self.exploration) * best + np.float32(self.exploration / ACTIONS)
        return probabilities


def sb3_policy(model: object) -> SB3Policy | None:
    """The policy of a Stable-Baselines3 model, or of its ``policy`` alone; None if it is neither.

    A model brings along how much it explores, so that the numbers are those of its ``predict``.

    Raises:
        UnknownPolicyError: if it is one, but its probabilities cannot be known.
    """
    base, policies = (sys.modules.get(f"stable_baselines3.common.{name}") for name in ("base_class", "policies"))
    if base is None or policies is None:
        return None
    exploration, name = 0.0, None
    if isinstance(model, base.BaseAlgorithm):
        if unknown := next(_own_ways(model), None):
            raise UnknownPolicyError(
                f"{type(model).__name__} has a {unknown} of its own, whose probabilities are not known"
            )
        exploration = float(getattr(model, "exploration_rate", 0.0))
        name, model = type(model).__name__, model.policy
    return SB3Policy(model, exploration, name) if isinstance(model, policies.BasePolicy) else None


def _check(policy: Any) -> None:
    name = type(policy).__name__
    space, actions = policy.observation_space, policy.action_space
    if space.dtype != np.uint8 or space.shape not in (FRAME_SHAPE, CHANNELS_FIRST):
        raise UnknownPolicyError(
            f"{name} takes observations of shape {space.shape} and dtype {space.dtype}, not this environment's frames, "
            f"{FRAME_SHAPE} uint8, with the channels last or first: give an object with action_probabilities"
        )
    if not isinstance(actions, spaces.Discrete) or actions.n != ACTIONS:
        raise UnknownPolicyError(f"{name} chooses among {actions}, not among this environment's {ACTIONS} actions")
    if hasattr(policy, "lstm_actor"):
        raise UnknownPolicyError(f"{name} remembers what it saw, so that a frame alone does not fix its probabilities")
    if unknown := next(_own_ways(policy), None):
        raise UnknownPolicyError(f"{name} has a {unknown} of its own, whose probabilities are not known")
    if other := next((p.dtype for p in policy.parameters() if p.dtype != torch.float32), None):
        raise UnknownPolicyError(
            f"{name} has weights in {other}, but Stable-Baselines3 makes its input in float32: call .float() on it"
        )


def _own_ways(chooser: Any) -> Iterator[str]:
    """The methods by which a model or policy chooses that are not Stable-Baselines3's own."""
    for method in _CHOOSES:
        if hasattr(chooser, method):
            made_in = getattr(getattr(type(chooser), method), "__module__", "")
            if method in vars(chooser) or made_in.split(".")[0] not in _PACKAGES:
                yield method
