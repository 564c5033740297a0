"""From the frames of an environment to the input of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from steered_env.simulator import FRAME_SHAPE

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_batch(observations: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Frames as a batch ``(B, 64, 64, 3)`` uint8, whether one frame or many came in.

    Raises:
        TypeError: if the frames are not uint8.
        ValueError: if they have another shape.
    """
    frames = np.asarray(observations)
    if frames.dtype != np.uint8:
        raise TypeError(f"observations must be uint8, 0 to 255, got {frames.dtype}")
    if frames.shape == FRAME_SHAPE:
        return frames[None]
    if frames.ndim != 4 or frames.shape[1:] != FRAME_SHAPE:
        raise ValueError(
            f"observations must have shape (64, 64, 3) or (B, 64, 64, 3), channels last, got {frames.shape}"
        )
    return frames


def to_input(observations: NDArray[np.uint8], device: torch.device | str = "cpu") -> torch.Tensor:
    """The network's input: ``(B, 3, 64, 64)`` float32 from 0 to 1, in channels-last memory.

    Raises:
        TypeError: if the frames are not uint8.
        ValueError: if they have another shape.
    """
    frames = as_batch(observations)
    if not frames.flags.writeable:
        frames = frames.copy()  # torch has no read-only tensors
    return torch.from_numpy(frames).to(device).permute(0, 3, 1, 2).float().div(255)
