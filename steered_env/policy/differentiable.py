"""Logits of policies with a gradient: what the probabilities are made of, before they become numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from .adapted import AdaptedPolicy, policy_of
from .impala import ImpalaPolicy
from .observations import observations_tensor
from .sb3_models import SB3Policy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def logits_of(policy: object, observations: NDArray[np.uint8]) -> Tensor:
    """The logits ``(B, 15)`` with which a policy acts, through which gradients flow; of DQN the values of the actions.

    Args:
        policy: An `ImpalaPolicy`, a network through `as_policy`, or a Stable-Baselines3 model or its policy.
        observations: ``(B, 64, 64, 3)`` uint8, or one.

    Raises:
        TypeError: if it is another policy, whose ``action_probabilities`` give numbers alone.
    """
    module: nn.Module = policy_of(policy)
    if isinstance(module, ImpalaPolicy):
        logits: Tensor = module(module.input_of(observations))[0]
        return logits
    if isinstance(module, AdaptedPolicy):
        device = next((parameter.device for parameter in module.parameters()), "cpu")
        return module.logits(module.module(module.preprocess(observations_tensor(observations, device))))
    if isinstance(module, SB3Policy):
        return module.logits_with_gradient(observations)
    raise TypeError(
        f"{type(module).__name__} has action_probabilities of its own, through which no gradient flows: give its "
        "network through as_policy(module, preprocess=…)"
    )
