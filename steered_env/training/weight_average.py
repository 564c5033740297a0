"""A running average of a policy's weights."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from steered_env.policy import ImpalaPolicy

_Tensors = tuple[Tensor, ...] | list[Tensor]


def running_average(policy: ImpalaPolicy, decay: float) -> AveragedModel:
    """An exponential running average of a policy's weights.

    The decay grows from small to ``decay`` as ``(1 + n) / (10 + n)`` after ``n`` steps, so that the first weights are
    soon forgotten (as in TensorFlow's ``ExponentialMovingAverage``).
    """

    @torch.no_grad()
    def update(average: _Tensors, current: _Tensors, steps: Tensor | int) -> None:
        now = min(decay, (1 + float(steps)) / (10 + float(steps)))
        torch._foreach_lerp_(average, current, 1 - now)

    return AveragedModel(policy, multi_avg_fn=update)
