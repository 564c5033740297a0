"""From the observations of an environment to the input of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from steered_env.simulator import OBSERVATION_SHAPE

if TYPE_CHECKING:
    from typing import TypeGuard

    from numpy.typing import NDArray

CHANNELS_FIRST = (OBSERVATION_SHAPE[2], *OBSERVATION_SHAPE[:2])
"""The shape of an observation as Stable-Baselines3 transposes it; no observation with the channels last has it."""


def as_batch(observations: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One observation or many, channels last or first, as a batch ``(B, 64, 64, 3)`` uint8.

    Raises:
        TypeError: if the observations are not uint8.
        ValueError: if they have another shape.
    """
    given = np.asarray(observations)
    if given.dtype == object:
        raise TypeError(f"observations must be an array, such as maze.observe(), got {type(observations).__name__}")
    if given.dtype != np.uint8:
        raise TypeError(f"observations must be uint8, 0 to 255, got {given.dtype}")
    batch = given if given.ndim == 4 else given[None]
    if batch.shape[1:] == CHANNELS_FIRST:
        return np.ascontiguousarray(batch.transpose(0, 2, 3, 1))
    if batch.shape[1:] != OBSERVATION_SHAPE:
        raise ValueError(
            "observations must have shape (64, 64, 3) or (B, 64, 64, 3), or with the channels first (3, 64, 64) or "
            f"(B, 3, 64, 64), got {given.shape}"
        )
    return batch


def is_one_observation(observations: NDArray[np.uint8]) -> bool:
    """Tell one observation from a batch of them."""
    return np.ndim(observations) == len(OBSERVATION_SHAPE)


def is_observations(seen: object) -> TypeGuard[NDArray[np.uint8]]:
    """Tell an array of a maze's observations, one or many, from anything else."""
    if not isinstance(seen, np.ndarray) or seen.dtype != np.uint8:
        return False
    return any(seen.shape[-3:] == shape and seen.ndim in (3, 4) for shape in (OBSERVATION_SHAPE, CHANNELS_FIRST))


def observations_tensor(observations: NDArray[np.uint8], device: torch.device | str = "cpu") -> torch.Tensor:
    """Observations as a tensor ``(B, 64, 64, 3)`` uint8 on a device.

    Raises:
        TypeError: if the observations are not uint8.
        ValueError: if they have another shape.
    """
    batch = as_batch(observations)
    if not batch.flags.writeable:
        batch = batch.copy()  # torch has no read-only tensors
    return torch.from_numpy(batch).to(device)


def to_input(
    observations: NDArray[np.uint8], device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """The input of `ImpalaPolicy`: ``(B, 3, 64, 64)`` from 0 to 1, in channels-last memory.

    Raises:
        TypeError: if the observations are not uint8.
        ValueError: if they have another shape.
    """
    return observations_tensor(observations, device).permute(0, 3, 1, 2).to(dtype).div(255)
