"""Our network inside a Stable-Baselines3 model, and weights both ways.

A module of its own, since importing it imports Stable-Baselines3.
"""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces
from torch import Tensor

from steered_env.policy import FEATURES, ImpalaEmbedder, ImpalaPolicy, ModelError, from_impala, to_impala
from steered_env.simulator import OBSERVATION_SHAPE
from steered_env.system import needing

with needing("sb3"):
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor


class ImpalaExtractor(BaseFeaturesExtractor):
    """The encoder of `ImpalaPolicy` as a features extractor.

    Example:
        >>> from stable_baselines3 import PPO
        >>> from steered_env.sb3.vec_env import MazeVecEnv
        >>> env = MazeVecEnv(2, levels=range(100))
        >>> model = PPO("CnnPolicy", env, policy_kwargs=impala_policy_kwargs(), n_steps=8, batch_size=16)
        >>> policy = impala_from(model)
        >>> policy.width
        1

    Args:
        observation_space: Images ``(3, 64, 64)`` uint8, channels first, as Stable-Baselines3 transposes them.
        width: Width of the network.
        bfloat16: Whether its matrix products run in bfloat16; features and weights stay float32.

    Raises:
        ValueError: if the observations are something else.
    """

    def __init__(self, observation_space: spaces.Box, width: int = 1, bfloat16: bool = False) -> None:
        channels_first = (OBSERVATION_SHAPE[2], *OBSERVATION_SHAPE[:2])
        if observation_space.shape != channels_first:
            raise ValueError(
                f"ImpalaExtractor reads images of shape {channels_first}, channels first, got {observation_space.shape}"
            )
        super().__init__(observation_space, FEATURES)
        self.embedder = ImpalaEmbedder(width)
        self.in_bfloat16 = bfloat16

    def forward(self, observations: Tensor) -> Tensor:
        """``(B, 3, 64, 64)`` float32 from 0 to 1 to features ``(B, 256)``."""
        # in channels-last memory the convolutions are faster; the weights stay as SB3's initialisation wants them
        with torch.autocast(observations.device.type, torch.bfloat16, enabled=self.in_bfloat16):
            features: Tensor = self.embedder(observations.contiguous(memory_format=torch.channels_last))
        return features.float()


def impala_policy_kwargs(width: int = 1, *, bfloat16: bool = False) -> dict[str, Any]:
    """Return the ``policy_kwargs`` with which ``PPO("CnnPolicy", …)`` has exactly the network of `ImpalaPolicy`.

    Args:
        width: Width of the network.
        bfloat16: Whether its convolutions run in bfloat16, which on a CPU with matrix units takes half the time.
    """
    return {
        "features_extractor_class": ImpalaExtractor,
        "features_extractor_kwargs": {"width": width, "bfloat16": bfloat16},
        "net_arch": [],
    }


def impala_from(model: BaseAlgorithm) -> ImpalaPolicy:
    """An `ImpalaPolicy` with a copy of a model's weights, in evaluation mode.

    Raises:
        ModelError: if the model has another architecture.
    """
    extractor = getattr(model.policy, "features_extractor", None)
    if not isinstance(extractor, ImpalaExtractor):
        raise ModelError(f"the model's features come from {type(extractor).__name__}, not from ImpalaExtractor")
    policy = ImpalaPolicy(extractor.embedder.width)
    policy.load_state_dict(to_impala(model.policy.state_dict()))
    return policy.eval()


def copy_into(model: BaseAlgorithm, policy: ImpalaPolicy) -> None:
    """Give a model the weights of an `ImpalaPolicy`; its optimizer stays as it is.

    Raises:
        ModelError: if the model has another architecture or width.
    """
    own = impala_from(model)
    if own.width != policy.width:
        raise ModelError(f"the model has width {own.width}, the policy {policy.width}")
    model.policy.load_state_dict(from_impala(policy.state_dict()))
