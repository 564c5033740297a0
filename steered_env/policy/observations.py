"""From the frames of an environment to the input of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from steered_env.simulator import FRAME_SHAPE

if TYPE_CHECKING:
    from typing import TypeGuard

    from numpy.typing import NDArray

CHANNELS_FIRST = (FRAME_SHAPE[2], *FRAME_SHAPE[:2])
"""The shape of a frame as Stable-Baselines3 transposes it; no frame with the channels last has it."""


def as_batch(observations: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Frames as a batch ``(B, 64, 64, 3)`` uint8, whether one frame or many came in, channels last or first.

    Raises:
        TypeError: if the frames are not uint8.
        ValueError: if they have another shape.
    """
    frames = np.asarray(observations)
    if frames.dtype != np.uint8:
        raise TypeError(f"observations must be uint8, 0 to 255, got {frames.dtype}")
    batch = frames if frames.ndim == 4 else frames[None]
    if batch.shape[1:] == CHANNELS_FIRST:
        return np.ascontiguousarray(batch.transpose(0, 2, 3, 1))
    if batch.shape[1:] != FRAME_SHAPE:
        raise ValueError(
            "observations must have shape (64, 64, 3) or (B, 64, 64, 3), or with the channels first (3, 64, 64) or "
            f"(B, 3, 64, 64), got {frames.shape}"
        )
    return batch


def is_one_frame(observations: NDArray[np.uint8]) -> bool:
    """Tell one frame from a batch of them."""
    return np.ndim(observations) == len(FRAME_SHAPE)


def is_observations(seen: object) -> TypeGuard[NDArray[np.uint8]]:
    """Tell an array of a maze's observations, one or many, from anything else."""
    if not isinstance(seen, np.ndarray) or seen.dtype != np.uint8:
        return False
    return any(seen.shape[-3:] == shape and seen.ndim in (3, 4) for shape in (FRAME_SHAPE, CHANNELS_FIRST))


def frames_tensor(observations: NDArray[np.uint8], device: torch.device | str = "cpu") -> torch.Tensor:
    """Frames as a tensor ``(B, 64, 64, 3)`` uint8 on a device.

    Raises:
        TypeError: if the frames are not uint8.
        ValueError: if they have another shape.
    """
    frames = as_batch(observations)
    if not frames.flags.writeable:
        frames = frames.copy()  # torch has no read-only tensors
    return torch.from_numpy(frames).to(device)


def to_input(
    observations: NDArray[np.uint8], device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """The input of `ImpalaPolicy`: ``(B, 3, 64, 64)`` from 0 to 1, in channels-last memory.

    Raises:
        TypeError: if the frames are not uint8.
        ValueError: if they have another shape.
    """
    return frames_tensor(observations, device).permute(0, 3, 1, 2).to(dtype).div(255)
