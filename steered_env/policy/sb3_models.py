"""Live Stable-Baselines3 models as policies; without importing Stable-Baselines3 where nobody else has."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn

from steered_env.simulator import ACTIONS, OBSERVATION_SHAPE

from .observations import CHANNELS_FIRST, is_one_observation, observations_tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PACKAGES = ("stable_baselines3", "sb3_contrib")
_CHOOSES = ("predict", "_predict")


class UnknownPolicyError(TypeError):
    """A model that chooses its actions in a way whose probabilities cannot be known."""


Preprocess = Callable[[Tensor], Any]
"""Turns observations of mazes, a uint8 tensor ``(B, 64, 64, 3)``, into the input of a network."""


class SB3Policy(nn.Module):
    """The policy of a Stable-Baselines3 model, as `as_policy` gives it.

    Observations become input as the model's ``predict`` makes it of them, and the probabilities are those with which it
    would choose: of an actor-critic (PPO, A2C) its distribution; of one that takes the action of greatest value (DQN)
    that action, but for the share of random ones that the model explores with now. The layers are those of the model's
    policy, under its own names; of DQN without the target network, which chooses nothing.

    Args:
        policy: The model's policy.
        model: The model whose policy it is; None for the policy alone, which does not explore.
        preprocess: Makes the observations that the model takes, ``(B, *observation_space.shape)``; None where it takes
            those of mazes.

    Raises:
        UnknownPolicyError: if it takes other observations or actions, remembers, or chooses in its own way.
    """

    sets_evaluation_mode = True

    def __init__(
        self,
        policy: Any,
        model: Any = None,
        preprocess: Preprocess | None = None,
    ) -> None:
        super().__init__()
        if preprocess is None:
            _check_observations(policy)
        else:  # as a partial, which a copy of the policy takes along, as it does no method put on an instance
            self.preprocess = partial(preprocess)  # type: ignore[method-assign]
        _check(policy)
        self.adapted = type(policy if model is None else model).__name__
        self._explores = _Explores(model)
        self._whole = [policy]  # in a list: only what chooses is a part of this module
        if hasattr(policy, "q_net"):
            self.q_net = policy.q_net
        else:
            self.policy = policy

    def __deepcopy__(self, memo: dict[int, Any]) -> SB3Policy:
        """A copy without the distribution of the last forward pass, whose tensors belong to that pass's graph."""
        last = getattr(getattr(self._whole[0], "action_dist", None), "distribution", None)
        memo[id(last)] = None
        memo[id(self)] = duplicate = type(self).__new__(type(self))
        duplicate.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return duplicate

    @property
    def exploration(self) -> float:
        """The probability that any action is taken, whatever it is worth: the model's own, as it is now."""
        return self._explores.rate

    def extra_repr(self) -> str:
        """What the probabilities depend on beside the weights."""
        return f"{type(self._whole[0]).__name__}, exploration={self.exploration}"

    def action_probabilities(self, observations: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(B, 15)`` float32 for observations ``(B, 64, 64, 3)`` uint8, or ``(15,)`` for one.

        As ``predict`` does, it leaves the policy in evaluation mode.

        Raises:
            ValueError: if ``preprocess`` makes something else than the observations that the model takes.
        """
        policy = self._whole[0]
        policy.set_training_mode(False)
        with torch.inference_mode():
            inputs = self.preprocess(observations_tensor(observations, policy.device))
            _check_inputs(inputs, policy)
            probabilities = self._drawn(policy, inputs) if hasattr(policy, "action_dist") else self._best(inputs)
        return probabilities[0] if is_one_observation(observations) else probabilities

    def logits_with_gradient(self, observations: NDArray[np.uint8]) -> Tensor:
        """The logits ``(B, 15)`` of an actor-critic, or the values of DQN's actions, with a gradient."""
        policy = self._whole[0]
        policy.set_training_mode(False)
        inputs = self.preprocess(observations_tensor(observations, policy.device))
        _check_inputs(inputs, policy)
        if not hasattr(policy, "action_dist"):
            values: Tensor = policy.q_net(inputs)
            return values
        logits: Tensor = self._own_distribution(policy, inputs).logits
        return logits

    def preprocess(self, observations: Tensor) -> Any:
        """The model's input: the observations of mazes, with the channels where it takes them."""
        if self._whole[0].observation_space.shape == CHANNELS_FIRST:
            return observations.permute(0, 3, 1, 2).contiguous()
        return observations

    @classmethod
    def _drawn(cls, policy: Any, inputs: Any) -> NDArray[np.float32]:
        probabilities: NDArray[np.float32] = cls._own_distribution(policy, inputs).probs.float().cpu().numpy()
        return probabilities

    @staticmethod
    def _own_distribution(policy: Any, inputs: Any) -> Any:
        own = copy.copy(policy)  # get_distribution writes into action_dist, which threads share
        own.action_dist = copy.copy(policy.action_dist)
        return own.get_distribution(inputs).distribution

    def _best(self, inputs: Any) -> NDArray[np.float32]:
        actions = self._whole[0]._predict(inputs, deterministic=True).cpu().numpy()
        best = np.eye(ACTIONS, dtype=np.float32)[actions]
        probabilities: NDArray[np.float32] = (1 - self.exploration) * best + np.float32(self.exploration / ACTIONS)
        return probabilities


class _Explores:
    """Knows how much a model explores now; a copy, which leaves the model where it is, how much it did when copied."""

    def __init__(self, model: Any) -> None:
        self._model = model

    @property
    def rate(self) -> float:
        return float(getattr(self._model, "exploration_rate", 0.0))

    def __reduce__(self) -> tuple[type[_Explores], tuple[SimpleNamespace]]:
        return _Explores, (SimpleNamespace(exploration_rate=self.rate),)


@dataclass(frozen=True)
class SB3Parts:
    """A Stable-Baselines3 model, or its policy alone.

    Attributes:
        chooser: What was given, with its ``predict``.
        policy: The policy.
    """

    chooser: Any
    policy: Any

    @property
    def network(self) -> nn.Module:
        """The module that chooses; of DQN without the target network."""
        return nn.ModuleDict({"q_net": self.policy.q_net}) if hasattr(self.policy, "q_net") else self.policy

    def takes(self, observation: Any) -> bool:
        """Tell whether something is an observation, or a batch of them, of the model's own environment."""
        space = self.policy.observation_space
        if isinstance(observation, Mapping) or isinstance(space, spaces.Dict):
            return isinstance(observation, Mapping) and isinstance(space, spaces.Dict)
        return self._batch_axes(observation, space) is not None

    def check_scale(self, observation: Any) -> None:
        """Refuse an observation whose bytes somebody scaled, which the model does itself.

        Raises:
            ValueError: if it is one; gives the range of its numbers.
        """
        _check_scale(observation, self.policy.observation_space, f"{type(self.chooser).__name__} is given")

    def examples(self, observation: Any) -> int:
        """The number of observations in a batch; 1 for one without a batch axis."""
        space = self.policy.observation_space
        if isinstance(observation, Mapping):
            name = next(iter(observation))
            observation, space = observation[name], space.spaces[name]
        return len(observation) if self._batch_axes(observation, space) else 1

    @staticmethod
    def _batch_axes(observation: Any, space: spaces.Space[Any]) -> int | None:
        """0 for one observation, 1 for a batch, None for neither; images may have the channels first or last."""
        shape, wanted = np.shape(observation), tuple(space.shape or ())
        shapes = {wanted, (*wanted[1:], *wanted[:1]), (*wanted[-1:], *wanted[:-1])} if len(wanted) == 3 else {wanted}
        return next((axes for axes in (0, 1) if shape[axes:] in shapes and len(shape) >= axes), None)


def sb3_parts(model: object) -> SB3Parts | None:
    """Take a Stable-Baselines3 model, or its ``policy`` alone, apart; None if it is neither."""
    base, policies = (sys.modules.get(f"stable_baselines3.common.{name}") for name in ("base_class", "policies"))
    if base is None or policies is None:
        return None
    if isinstance(model, base.BaseAlgorithm):
        return SB3Parts(model, model.policy)
    return SB3Parts(model, model) if isinstance(model, policies.BasePolicy) else None


def sb3_policy(model: object, preprocess: Preprocess | None = None) -> SB3Policy | None:
    """The policy of a Stable-Baselines3 model, or of its ``policy`` alone; None if it is neither.

    A model brings along how much it explores at any time, so that the numbers are those of its ``predict``.

    Args:
        model: The model, or its policy.
        preprocess: Makes the observations that it takes; None where it takes those of mazes.

    Raises:
        UnknownPolicyError: if it is one, but its probabilities cannot be known.
    """
    parts = sb3_parts(model)
    if parts is None:
        return None
    if parts.chooser is not parts.policy and (unknown := next(_own_ways(parts.chooser), None)):
        raise UnknownPolicyError(
            f"{type(model).__name__} has a {unknown} of its own, whose probabilities are not known"
        )
    return SB3Policy(parts.policy, None if parts.chooser is parts.policy else model, preprocess)


def _check_observations(policy: Any) -> None:
    name, space = type(policy).__name__, policy.observation_space
    if space.dtype != np.uint8 or space.shape not in (OBSERVATION_SHAPE, CHANNELS_FIRST):
        raise UnknownPolicyError(
            f"{name} takes observations of shape {space.shape} and dtype {space.dtype}, not those of mazes, "
            f"{OBSERVATION_SHAPE} uint8, with the channels last or first: write as_policy(model, preprocess=…), where "
            "preprocess makes them of a uint8 tensor (B, 64, 64, 3)"
        )


def _check_inputs(inputs: Any, policy: Any) -> None:
    """Refuse what is no observation of the model's, where its space says what shape and numbers they have."""
    wanted = policy.observation_space.shape
    if wanted is not None and tuple(getattr(inputs, "shape", (None,)))[1:] != tuple(wanted):
        shape = tuple(inputs.shape) if isinstance(inputs, Tensor) else type(inputs).__name__
        raise ValueError(
            f"preprocess makes {shape} for {type(policy).__name__}, which takes observations (B, "
            f"{', '.join(map(str, wanted))})"
        )
    _check_scale(inputs, policy.observation_space, f"preprocess makes for {type(policy).__name__}")


def _check_scale(inputs: Any, space: spaces.Space[Any], whose: str) -> None:
    """Refuse bytes that somebody scaled: of those from 0 to 1 the model, which divides them itself, sees next to none.

    The mean of colours is no whole number, and black is black on every scale.
    """
    if isinstance(space, spaces.Dict) and isinstance(inputs, Mapping):
        for name, part in space.items():
            _check_scale(inputs.get(name), part, whose)
        return
    if space.dtype != np.uint8 or not isinstance(inputs, (Tensor, np.ndarray)):
        return
    numbers = torch.as_tensor(inputs).detach()
    if not numbers.is_floating_point() or not numbers.numel():
        return
    least, most = (float(bound) for bound in torch.aminmax(numbers))
    if least == most == 0 or (least > -1 and 1 < most < 256):
        return
    raise ValueError(
        f"the numbers that {whose} go from {least:.3g} to {most:.3g}: the model takes those of its environment, 0 to "
        "255, and scales them itself; leave out the division (or whatever else scales them)"
    )


def _check(policy: Any) -> None:
    name, actions = type(policy).__name__, policy.action_space
    if not isinstance(actions, spaces.Discrete) or actions.n != ACTIONS:
        raise UnknownPolicyError(f"{name} chooses among {actions}, not among this environment's {ACTIONS} actions")
    if hasattr(policy, "lstm_actor"):
        raise UnknownPolicyError(
            f"{name} remembers what it saw, so that an observation alone does not fix its probabilities"
        )
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
