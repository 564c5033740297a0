"""Edits of activations beside addition.

Each is an `Intervention`: ``with zero_ablation(layer, channels=[55]).applied_to(policy): …``, or a condition of
`evaluation.evaluate`. All take the channels, and the cells of the maze, whose activations they change.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from steered_env.maze import Maze
from steered_env.simulator import Cell, draw_observations, whole_number

from .directions import AddAndKeepNorm, Clamp, Gate, ProjectOut, Slerp
from .intervention import Change, Intervention, described
from .layers import DEFAULT_LAYER
from .reading import read_activations
from .selection import Cells, Channels, Selection, selected
from .steering import Steering

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


_CELLS = 100
"""Cells in a standard deviation of the projection by which a donor is drawn: neighbouring observations fall apart."""


@dataclass(frozen=True, repr=False)
class LayerChange(Intervention):
    """One change of one layer.

    Attributes:
        layer: Name of the layer.
        change: Maps the layer's output to what takes its place.
    """

    layer: str
    change: Change

    def changes(self) -> Mapping[str, Change]:
        """The layer and its change."""
        return {self.layer: self.change}

    def in_channels(self, channels: Channels) -> LayerChange:
        """The same change, of other channels.

        Raises:
            TypeError: if the change is not one that has channels.
        """
        if not (is_dataclass(self.change) and hasattr(self.change, "where")):
            raise TypeError(f"{self.change!r} has no channels to choose from")
        where = replace(self.change.where, channels=selected(channels, None).channels)
        return LayerChange(self.layer, replace(self.change, where=where))


@dataclass(frozen=True, repr=False)
class LayerChanges(Intervention):
    """A change for each of several layers.

    Attributes:
        by_layer: Layer names, each with its change.
    """

    by_layer: tuple[tuple[str, Change], ...]

    def changes(self) -> Mapping[str, Change]:
        """The layers and their changes."""
        return dict(self.by_layer)


def scaling(
    factor: float, *, layer: str = DEFAULT_LAYER, channels: Channels = None, cells: Cells = None
) -> LayerChange:
    """Multiply a layer's activations.

    Args:
        factor: Factor of the activations.
        layer: Name of the layer.
        channels: Channels to change; None for all. They lie along the first axis of activations ``(C,)`` and
            ``(C, H, W)``, along the last of ``(T, C)``; a layer with them elsewhere, such as a convolution's
            ``(H, W, C)``, cannot be told apart from these.
        cells: Cells of the maze over which activations are changed; None for all. A layer's activations are coarser,
            so neighbours share one.

    Raises:
        TypeError: if a channel is no whole number, as in a mask.
        ValueError: if the factor is not finite, or there is no channel.
    """
    if not math.isfinite(factor):
        raise ValueError(f"a factor must be finite, got {factor}")
    return LayerChange(layer, _Scale(float(factor), selected(channels, cells)))


def zero_ablation(*, layer: str = DEFAULT_LAYER, channels: Channels = None, cells: Cells = None) -> LayerChange:
    """Set a layer's activations to 0; `scaling` by 0."""
    return scaling(0.0, layer=layer, channels=channels, cells=cells)


def mean_ablation(
    policy: Any,
    mazes: Iterable[Maze],
    *,
    layer: str = DEFAULT_LAYER,
    channels: Channels = None,
    cells: Cells = None,
) -> LayerChange:
    """Put the mean of a layer's activations over mazes in place of whatever they are.

    Args:
        policy: See `Steering.difference`.
        mazes: Mazes to take the mean over, as they are now.
        layer: Name of the layer.
        channels: Channels to change; None for all.
        cells: Cells of the maze over which activations are changed; None for all.

    Raises:
        LayerError: if the policy has no such layer.
        ValueError: if there is no maze.
    """
    observations = draw_observations(list(mazes))
    if not len(observations):
        raise ValueError("a mean ablation needs at least one maze to take the mean over")
    return LayerChange(layer, _Put(_read(policy, layer, observations).mean(dim=0), selected(channels, cells)))


def resampling(
    policy: Any, donor: Any, *, layer: str = DEFAULT_LAYER, channels: Channels = None, cells: Cells = None
) -> LayerChange:
    """Put a layer's activations in a donor in place of whatever they are: resample ablation, activation patching.

    Args:
        policy: See `Steering.difference`.
        donor: A maze, as it is now, or an input of the network, see `Steering.difference`; of a batch the mean.
        layer: Name of the layer.
        channels: Channels to change; None for all.
        cells: Cells of the maze over which activations are changed; None for all.

    Raises:
        LayerError: if the policy has no such layer.
    """
    if isinstance(donor, Maze):
        return LayerChange(layer, _Put(_read(policy, layer, donor.observe()[None])[0], selected(channels, cells)))
    return LayerChange(layer, _Put(_read(policy, layer, donor).mean(dim=0), selected(channels, cells)))


def resampling_each_pass(
    policy: Any,
    donors: Sequence[Maze],
    *,
    seed: int = 0,
    layer: str = DEFAULT_LAYER,
    channels: Channels = None,
    cells: Cells = None,
) -> LayerChange:
    """Put a layer's activations in another donor, drawn at every pass and for every example, in place of its own.

    The draw depends on the seed and on the activations that are replaced, and so not on what else is in a batch: the
    same observation meets the same donor again, as exact rates want it.

    Args:
        policy: See `Steering.difference`.
        donors: The mazes that are drawn from, as they are now.
        seed: Seed of the draws, 0 to 2⁶⁴ − 1.
        layer: Name of the layer.
        channels: Channels to change; None for all.
        cells: Cells of the maze over which activations are changed; None for all.

    Raises:
        LayerError: if the policy has no such layer.
        TypeError: if the seed is no whole number.
        ValueError: if there is no donor, or the seed is out of range.
    """
    if not len(donors):
        raise ValueError("resampling needs at least one donor")
    seed = whole_number(seed, "seed", 0, 2**64 - 1)
    return LayerChange(
        layer, _PutDrawn(_read(policy, layer, draw_observations(list(donors))), seed, selected(channels, cells))
    )


def setting(value: float, cell: Cell, *, layer: str = DEFAULT_LAYER, channels: Channels = None) -> LayerChange:
    """Set the activation that lies over one cell of the maze.

    Args:
        value: New value of the activations.
        cell: ``(row, col)`` of the 25×25 world; a layer's activations are coarser, so neighbours share one.
        layer: Name of a layer with activations ``(C, H, W)``.
        channels: Channels to change; None for all.

    Raises:
        ValueError: if the value is not finite, or the cell outside the world.
    """
    if not math.isfinite(value):
        raise ValueError(f"an activation must be finite, got {value}")
    return LayerChange(layer, _Set(float(value), selected(channels, [cell])))


def projecting_out(direction: Steering, *, channels: Channels = None, cells: Cells = None) -> Intervention:
    """Take out of a layer's activations what points along a direction; what is left is orthogonal to it.

    A direction of the activations' own shape is one direction of all their numbers together. One that broadcasts to
    them, such as ``(C, 1, 1)``, is a direction of the channels at every place.

    Args:
        direction: The direction, of each layer; its length does not matter.
        channels: Channels to change; None for all. The projection is that of these alone.
        cells: Cells of the maze over which activations are changed; None for all. Likewise.

    Raises:
        ValueError: if the direction is nothing but zeros.
    """
    where = selected(channels, cells)
    return _each(direction, lambda tensor: ProjectOut(_not_zero(tensor), where))


def adding_with_norm(steering: Steering, *, channels: Channels = None, cells: Cells = None) -> Intervention:
    """Add a steering and scale the sum to the norm that the activations of each example had before.

    Args:
        steering: What is added.
        channels: Channels to change; None for all. The norm is that of these alone.
        cells: Cells of the maze over which activations are changed; None for all. Likewise.
    """
    where = selected(channels, cells)
    return _each(steering, lambda tensor: AddAndKeepNorm(tensor, where))


def clamping(
    low: float | None = None,
    high: float | None = None,
    *,
    direction: Steering | None = None,
    layer: str = DEFAULT_LAYER,
    channels: Channels = None,
    cells: Cells = None,
) -> Intervention:
    """Keep a layer's activations, or how far they point along a direction, between two bounds.

    Args:
        low: The lowest value; None for no bound.
        high: The highest value; likewise.
        direction: A direction; what is clamped is the dot product with it, as of norm 1. None clamps every number.
        layer: Name of the layer, where there is no direction.
        channels: Channels to change; None for all.
        cells: Cells of the maze over which activations are changed; None for all.

    Raises:
        ValueError: if there is no bound, one is NaN, or the lower one is above the other.
    """
    if low is None and high is None:
        raise ValueError("name at least one bound, low or high")
    lowest, highest = -math.inf if low is None else float(low), math.inf if high is None else float(high)
    if not lowest <= highest:
        raise ValueError(f"low must be ≤ high, got {low} and {high}")
    where = selected(channels, cells)
    if direction is None:
        return LayerChange(layer, Clamp(lowest, highest, None, where))
    return _each(direction, lambda tensor: Clamp(lowest, highest, _not_zero(tensor), where))


def turning(towards: Steering, share: float, *, channels: Channels = None, cells: Cells = None) -> Intervention:
    """Turn activations towards a direction on the sphere on which they lie (slerp): their norm stays.

    A direction that broadcasts to the activations, see `projecting_out`, turns those of every place by themselves.
    What points exactly away from the direction stays as it is.

    Args:
        towards: The direction, of each layer; its length does not matter.
        share: How far: 0 leaves the activations, 1 makes them point along the direction.
        channels: Channels to change; None for all.
        cells: Cells of the maze over which activations are changed; None for all.

    Raises:
        ValueError: if the share is not 0 to 1, or the direction nothing but zeros.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must be 0 to 1, got {share}")
    where = selected(channels, cells)
    return _each(towards, lambda tensor: Slerp(_not_zero(tensor), float(share), where))


def gated(intervention: Intervention, by: Steering, *, above: float = 0.0, below: float = math.inf) -> Intervention:
    """Make a change only in those examples whose activations point along a direction, or away from it.

    A direction that broadcasts to the activations, see `projecting_out`, opens the gate at every place by itself.

    Args:
        intervention: The change; its layers must be among those of ``by``.
        by: A direction in each of these layers; its length does not matter.
        above: The change is made where the cosine of the activations with the direction is ≥ this …
        below: … and below this.

    Raises:
        ValueError: if a layer has no direction, the direction is nothing but zeros, or the bounds leave nothing.
    """
    if not above < below:
        raise ValueError(f"above must be smaller than below, got {above} and {below}")
    gates = []
    for layer, change in intervention.changes().items():
        if layer not in by:
            raise ValueError(f"there is no direction for layer {layer!r}, got those of {', '.join(by) or 'none'}")
        gates.append((layer, Gate(change, _not_zero(by[layer]), float(above), float(below))))
    return LayerChanges(tuple(gates))


def _each(steering: Steering, change_of: Any) -> LayerChanges:
    return LayerChanges(tuple((layer, change_of(tensor)) for layer, tensor in steering.items()))


def _not_zero(tensor: Tensor) -> Tensor:
    if not bool(tensor.any()):
        raise ValueError("a direction must not be nothing but zeros")
    return tensor


@dataclass(frozen=True)
class _Scale:
    factor: float
    where: Selection

    def __repr__(self) -> str:
        return f"times {self.factor:g}{self.where}"

    def __call__(self, activations: Tensor) -> Tensor:
        return torch.where(self.where.mask(activations), activations * self.factor, activations)


@dataclass(frozen=True, eq=False)
class _Put:
    values: Tensor
    where: Selection

    def __repr__(self) -> str:
        return f"put {described(self.values)}{self.where}"

    def __call__(self, activations: Tensor) -> Tensor:
        _check_shape(activations, self.values)
        values = self.values.to(activations.device, activations.dtype)
        return torch.where(self.where.mask(activations), values, activations)


@dataclass(frozen=True, eq=False)
class _PutDrawn:
    donors: Tensor
    seed: int
    where: Selection

    def __repr__(self) -> str:
        return f"put {described(self.donors[0])} of {len(self.donors)} donors{self.where}"

    def __call__(self, activations: Tensor) -> Tensor:
        _check_shape(activations, self.donors[0])
        drawn = self.donors[[self._draw(example) for example in activations.detach()]]
        values = drawn.to(activations.device, activations.dtype)
        return torch.where(self.where.mask(activations), values, activations)

    def _draw(self, example: Tensor) -> int:
        """A donor by what is replaced: by where a random projection of its direction falls in fine cells."""
        numbers = example.double().cpu().flatten()
        ray = torch.randn(len(numbers), generator=torch.Generator().manual_seed(self.seed), dtype=torch.float64)
        height = float(numbers @ ray) / max(float(numbers.norm()), 1e-12)
        return int(height * _CELLS % 1 * len(self.donors))


@dataclass(frozen=True)
class _Set:
    value: float
    where: Selection

    def __repr__(self) -> str:
        return f"set to {self.value:g}{self.where}"

    def __call__(self, activations: Tensor) -> Tensor:
        return torch.where(self.where.mask(activations), torch.full_like(activations, self.value), activations)


def _check_shape(activations: Tensor, values: Tensor) -> None:
    if activations.shape[1:] != values.shape:
        raise ValueError(
            f"the activations to put in have shape {tuple(values.shape)}, but the layer's have shape "
            f"{tuple(activations.shape[1:])}"
        )


def _read(policy: Any, layer: str, seen: NDArray[np.uint8] | Any) -> Tensor:
    (activations,) = read_activations(policy, [layer], seen).values()  # under the layer's own name
    return activations.clone()
