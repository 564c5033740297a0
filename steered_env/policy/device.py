"""Choosing the device that a network runs on."""

from __future__ import annotations

import torch
from torch import nn


def choose_device(name: str = "auto", policy: nn.Module | None = None) -> torch.device:
    """Choose the device called ``name``.

    Args:
        name: ``"cpu"``, ``"cuda"``, ``"cuda:1"`` and so on. ``"auto"`` is the device that the policy lies on, if that
            is no CPU; else a GPU, if there is one; else the CPU.
        policy: The network that is to run there, if there is one already.

    Raises:
        ValueError: if there is no such device; names it.
    """
    if name == "auto":
        lies_on = None if policy is None else next((parameter.device for parameter in policy.parameters()), None)
        if lies_on is not None and lies_on.type != "cpu":
            return lies_on
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(
            f"device {name!r} cannot be used here ({str(error).splitlines()[0]}); choose auto, cpu, or cuda where "
            "torch sees a GPU"
        ) from None
    return device
