"""Edits of activations beside addition: scaling, ablation, resampling, and setting one activation.

Each is an `Intervention`: ``with zero_ablation(layer, channels=[55]).applied_to(policy): …``, or a condition of
`evaluation.evaluate`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from steered_env.maze import Maze
from steered_env.simulator import WORLD_SIZE, Cell, check_cell, draw_frames

from .intervention import Change, Intervention, described
from .layers import DEFAULT_LAYER
from .reading import read_activations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Channels = Iterable[int] | None
_LISTED = 8
"""Channels that a repr names."""


@dataclass(frozen=True, repr=False)
class LayerChange(Intervention):
    """One change of one layer.

    Attributes:
        layer: Its dotted name.
        change: Maps the layer's output to what takes its place.
    """

    layer: str
    change: Change

    def changes(self) -> Mapping[str, Change]:
        """The layer and its change."""
        return {self.layer: self.change}


def scaling(factor: float, *, layer: str = DEFAULT_LAYER, channels: Channels = None) -> LayerChange:
    """Multiply a layer's activations.

    Args:
        factor: Factor of the activations.
        layer: Dotted layer name.
        channels: Channels to change; None for all.

    Raises:
        ValueError: if the factor is not finite.
    """
    if not math.isfinite(factor):
        raise ValueError(f"a factor must be finite, got {factor}")
    return LayerChange(layer, _Scale(float(factor), _checked(channels)))


def zero_ablation(*, layer: str = DEFAULT_LAYER, channels: Channels = None) -> LayerChange:
    """Set a layer's activations to 0; `scaling` by 0."""
    return scaling(0.0, layer=layer, channels=channels)


def mean_ablation(
    policy: Any, mazes: Iterable[Maze], *, layer: str = DEFAULT_LAYER, channels: Channels = None
) -> LayerChange:
    """Put the mean of a layer's activations over mazes in place of whatever they are.

    Args:
        policy: See `Steering.difference`.
        mazes: Mazes to take the mean over, as they are now.
        layer: Dotted layer name.
        channels: Channels to change; None for all.

    Raises:
        LayerError: if the policy has no such layer.
        ValueError: if there is no maze.
    """
    frames = draw_frames(list(mazes))
    if not len(frames):
        raise ValueError("a mean ablation needs at least one maze to take the mean over")
    return LayerChange(layer, _Put(_read(policy, layer, frames).mean(dim=0), _checked(channels)))


def resampling(policy: Any, maze: Maze, *, layer: str = DEFAULT_LAYER, channels: Channels = None) -> LayerChange:
    """Put a layer's activations in one maze in place of whatever they are: resample ablation, activation patching.

    Args:
        policy: See `Steering.difference`.
        maze: The maze, as it is now.
        layer: Dotted layer name.
        channels: Channels to change; None for all.

    Raises:
        LayerError: if the policy has no such layer.
    """
    return LayerChange(layer, _Put(_read(policy, layer, maze.observe()[None])[0].clone(), _checked(channels)))


def setting(value: float, cell: Cell, *, layer: str = DEFAULT_LAYER, channels: Channels = None) -> LayerChange:
    """Set the activation that lies over one cell of the maze.

    Args:
        value: New value of the activations.
        cell: ``(row, col)`` of the 25×25 world; a layer's activations are coarser, so neighbours share one.
        layer: Dotted name of a layer with activations ``(C, H, W)``.
        channels: Channels to change; None for all.

    Raises:
        ValueError: if the value is not finite, or the cell outside the world.
    """
    if not math.isfinite(value):
        raise ValueError(f"an activation must be finite, got {value}")
    return LayerChange(layer, _Set(float(value), check_cell(cell, "cell"), _checked(channels)))


def map_position(cell: Cell, height: int, width: int) -> tuple[int, int]:
    """The place in a map of activations ``(height, width)`` that lies over the middle of a cell.

    A frame shows the whole world, its top row first, and a layer's map covers the whole frame.

    Example:
        >>> map_position((24, 24), 16, 16)  # the world's top right
        (0, 15)
        >>> map_position((0, 0), 16, 16)
        (15, 0)
    """
    row, col = cell
    return int((WORLD_SIZE - 0.5 - row) * height / WORLD_SIZE), int((col + 0.5) * width / WORLD_SIZE)


@dataclass(frozen=True)
class _Scale:
    factor: float
    channels: tuple[int, ...] | None

    def __repr__(self) -> str:
        return f"times {self.factor:g}{_in(self.channels)}"

    def __call__(self, activations: Tensor) -> Tensor:
        where = _channel_mask(activations, self.channels)
        return torch.where(where, activations * self.factor, activations)


@dataclass(frozen=True, eq=False)
class _Put:
    values: Tensor
    channels: tuple[int, ...] | None

    def __repr__(self) -> str:
        return f"put {described(self.values)}{_in(self.channels)}"

    def __call__(self, activations: Tensor) -> Tensor:
        if activations.shape[1:] != self.values.shape:
            raise ValueError(
                f"the activations to put in have shape {tuple(self.values.shape)}, but the layer's have shape "
                f"{tuple(activations.shape[1:])}"
            )
        where = _channel_mask(activations, self.channels)
        return torch.where(where, self.values.to(activations.device, activations.dtype), activations)


@dataclass(frozen=True)
class _Set:
    value: float
    cell: Cell
    channels: tuple[int, ...] | None

    def __repr__(self) -> str:
        return f"set to {self.value:g} over cell {self.cell}{_in(self.channels)}"

    def __call__(self, activations: Tensor) -> Tensor:
        if activations.ndim != 4:
            raise ValueError(
                f"only a layer with activations (C, H, W) has a place over a cell, this one has shape "
                f"{tuple(activations.shape[1:])}"
            )
        row, col = map_position(self.cell, *activations.shape[2:])
        where = _channel_mask(activations, self.channels).expand(1, *activations.shape[1:]).clone()
        place = torch.zeros_like(where)
        place[:, :, row, col] = True
        return torch.where(where & place, torch.full_like(activations, self.value), activations)


def _read(policy: Any, layer: str, frames: NDArray[np.uint8]) -> Tensor:
    (activations,) = read_activations(policy, [layer], frames).values()  # under the layer's own name
    return activations


def _in(channels: tuple[int, ...] | None) -> str:
    if channels is None:
        return ""
    shown = ", ".join(map(str, channels[:_LISTED])) + ", …" * (len(channels) > _LISTED)
    return f" in channel{'s' * (len(channels) > 1)} {shown}"


def _channel_mask(activations: Tensor, channels: tuple[int, ...] | None) -> Tensor:
    """``(1, C, 1, …)`` bool, True in the channels that are meant."""
    count = activations.shape[1]
    mask = torch.ones(count, dtype=torch.bool, device=activations.device)
    if channels is not None:
        if outside := [channel for channel in channels if channel >= count]:
            raise ValueError(f"the layer has channels 0 to {count - 1}, got {outside[0]}")
        mask[:] = False
        mask[list(channels)] = True
    return mask.reshape(1, count, *[1] * (activations.ndim - 2))


def _checked(channels: Channels) -> tuple[int, ...] | None:
    if channels is None:
        return None
    chosen = tuple(int(channel) for channel in channels)
    if not chosen:
        raise ValueError("name at least one channel, or None for all")
    if min(chosen) < 0:
        raise ValueError(f"a channel must be ≥ 0, got {min(chosen)}")
    return chosen
