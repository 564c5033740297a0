"""The policy that is measured: one that can be steered, or one that only chooses actions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from torch import nn

from evaluation.storage import BASELINE, fingerprint
from steered_env import SteeredPolicy, Steering, load_policy
from steered_env.policy import UnknownPolicyError, check_finite, policy_of
from steered_env.steering import Intervention, find_layer

from .conditions import Condition
from .sampled import Predictor
from .settings import Settings


@dataclass(frozen=True)
class SteerablePolicy:
    """A torch module with action probabilities.

    Attributes:
        module: The module.
        steering: The steering that a `SteeredPolicy` brings along; part of every condition.
        name: The packaged policy's name, or the path, that was given in place of a policy; or None.
    """

    module: nn.Module
    steering: Intervention
    name: str | None = None

    @classmethod
    def of(cls, policy: Any) -> SteerablePolicy:
        """Take a policy, or load the one that a name or a path stands for.

        Raises:
            OSError: if there is no packaged policy of that name and no such file.
            TypeError: if it is no policy that can be steered.
        """
        name = os.fspath(policy) if isinstance(policy, (str, os.PathLike)) else None
        if name is not None:
            policy = load_policy(name)
        if isinstance(policy, SteeredPolicy):
            return cls(policy.policy, policy.steering, name)
        return cls(policy_of(policy), Steering(), name)

    def check(self, conditions: Sequence[Condition]) -> None:
        """Check that the policy can be measured under these conditions.

        Raises:
            ValueError: if it lacks a layer, or has weights that are not finite.
        """
        for condition in conditions:
            for layer in condition.layers:
                find_layer(self.module, layer)
        check_finite(self.module)

    @property
    def description(self) -> str:
        """The policy's class, and its width if it has one."""
        return _kind_and_width(self.module)

    def described(self) -> dict[str, str]:
        """Class and width, the name that was given, and the fingerprint of the weights; those that there are."""
        description = {"policy": self.description}
        if self.name is not None:
            description["policy_name"] = self.name
        with suppress(TypeError, ValueError):  # a module of the caller's may hold what has none
            description["weights"] = fingerprint(self.module)
        return description


@dataclass(frozen=True)
class PredictOnly:
    """A policy that only chooses actions: it can be sampled, not steered.

    Attributes:
        predictor: The policy.
    """

    predictor: Predictor

    @property
    def description(self) -> str:
        """The policy's class, and its width if it has one."""
        return _kind_and_width(self.predictor)

    def described(self) -> dict[str, str]:
        """Class and width."""
        return {"policy": self.description}


Subject = SteerablePolicy | PredictOnly


def subject_of(policy: Any, conditions: Sequence[Condition], settings: Settings) -> Subject:
    """Take a policy that can be measured under these conditions in this way; also by name or path.

    Raises:
        OSError: if there is no policy of that name.
        TypeError: if it is no policy.
        ValueError: if it cannot be steered, lacks a layer, has weights that are not finite, or cannot be measured so.
    """
    try:
        subject = SteerablePolicy.of(policy)
    except TypeError as reason:
        if not callable(getattr(policy, "predict", None)):
            raise
        _check_predict_only(policy, conditions, settings, reason)
        return PredictOnly(policy)
    subject.check(conditions)
    return subject


def _check_predict_only(policy: Any, conditions: Sequence[Condition], settings: Settings, reason: TypeError) -> None:
    """Refuse what `PredictOnly` cannot do, for a policy whose probabilities are not known for the reason given."""
    kind = type(policy).__name__
    why = f" ({reason})" if isinstance(reason, UnknownPolicyError) else ""
    if settings.method != "sampled":
        raise ValueError(
            f'{kind} has only predict: measure it with method="sampled"; the exact method needs '
            f"action_probabilities{why}"
        )
    for condition in conditions:
        if condition.steers:
            raise ValueError(
                f"condition {condition.name!r} cannot steer {kind}, which has only predict: measure {BASELINE!r} "
                f"alone, or give the torch module{why}"
            )


def _kind_and_width(policy: object) -> str:
    width = getattr(policy, "width", None)
    return getattr(policy, "adapted", type(policy).__name__) + (f"(width={width})" if width else "")
