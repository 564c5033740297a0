"""Changes of activations that have to do with a direction: projection, rotation, bounds, and gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .intervention import Change, described
from .selection import Selection

_ON_ONE_LINE = 1e-6
"""Sine of an angle that rounding alone can make."""


@dataclass(frozen=True, eq=False)
class ProjectOut:
    """Takes out what points along a direction.

    Attributes:
        direction: The direction.
        where: The activations that are meant.
    """

    direction: Tensor
    where: Selection

    def __repr__(self) -> str:
        return f"project out {described(self.direction)}{self.where}"

    def __call__(self, activations: Tensor) -> Tensor:
        """Activations without their projection."""
        numbers = _wide(activations)
        unit, axes = _unit(self.direction, numbers, self.where.mask(activations))
        along = _sum(numbers * unit, axes)
        return (numbers - along * unit).to(activations.dtype)


@dataclass(frozen=True, eq=False)
class AddAndKeepNorm:
    """Adds, and scales the sum to the norm from before.

    Attributes:
        tensor: What is added.
        where: The activations that are meant.
    """

    tensor: Tensor
    where: Selection

    def __repr__(self) -> str:
        return f"add {described(self.tensor)} and keep the norm{self.where}"

    def __call__(self, activations: Tensor) -> Tensor:
        """The sum, as long as the activations."""
        mask, numbers = self.where.mask(activations), _wide(activations)
        axes = range(1, numbers.ndim)
        part = numbers * mask
        total, _ = _normed(part + _fitted(self.tensor, numbers) * mask, axes)
        _, norm = _normed(part, axes)
        return torch.where(mask, (total * norm).to(activations.dtype), activations)


@dataclass(frozen=True, eq=False)
class Clamp:
    """Keeps numbers, or the dot product with a direction of norm 1, between two bounds.

    Attributes:
        low: The lowest value.
        high: The highest value.
        direction: The direction; None for every number by itself.
        where: The activations that are meant.
    """

    low: float
    high: float
    direction: Tensor | None
    where: Selection

    def __repr__(self) -> str:
        along = "" if self.direction is None else f" along {described(self.direction)}"
        return f"clamp to {self.low:g} … {self.high:g}{along}{self.where}"

    def __call__(self, activations: Tensor) -> Tensor:
        """Activations within the bounds."""
        mask = self.where.mask(activations)
        if self.direction is None:
            return torch.where(mask, activations.clamp(self.low, self.high), activations)
        numbers = _wide(activations)
        unit, axes = _unit(self.direction, numbers, mask)
        along = _sum(numbers * unit, axes)
        return (numbers + (along.clamp(self.low, self.high) - along) * unit).to(activations.dtype)


@dataclass(frozen=True, eq=False)
class Slerp:
    """Turns activations towards a direction and keeps their norm (Shoemake 1985).

    Attributes:
        direction: The direction.
        share: How far, from 0 to 1.
        where: The activations that are meant.
    """

    direction: Tensor
    share: float
    where: Selection

    def __repr__(self) -> str:
        return f"turn {self.share:.0%} towards {described(self.direction)}{self.where}"

    def __call__(self, activations: Tensor) -> Tensor:
        """Activations turned towards the direction."""
        mask, numbers = self.where.mask(activations), _wide(activations)
        unit, axes = _unit(self.direction, numbers, mask)
        own, norm = _normed(numbers * mask, axes)
        cosine = _sum(own * unit, axes).clamp(-1, 1)
        across, sine = _normed(unit - cosine * own, axes)
        angle = torch.arccos(cosine) * self.share
        turned = norm * (torch.cos(angle) * own + torch.sin(angle) * across)
        has_way = sine > _ON_ONE_LINE  # opposite directions have no way that is the shortest: they stay
        return torch.where(mask & has_way, turned.to(activations.dtype), activations)


@dataclass(frozen=True, eq=False)
class Gate:
    """Makes a change where activations have some cosine with a direction: in an example, or at a place of it.

    Attributes:
        change: The change.
        direction: The direction.
        above: The lowest cosine.
        below: The lowest cosine that is too high.
    """

    change: Change
    direction: Tensor
    above: float
    below: float

    def __repr__(self) -> str:
        return f"{self.change!r}, if the cosine with {described(self.direction)} is {self.above:g} to {self.below:g}"

    def __call__(self, activations: Tensor) -> Tensor:
        """Activations, changed where the gate is open."""
        numbers = _wide(activations)
        unit, axes = _unit(self.direction, numbers, torch.ones_like(activations[:1], dtype=torch.bool))
        own, _ = _normed(numbers, axes)
        cosine = _sum(own * unit, axes)
        is_open = (cosine >= self.above) & (cosine < self.below)
        return torch.where(is_open, self.change(activations), activations)


def _wide(activations: Tensor) -> Tensor:
    """Activations in single precision at least: the squares of half-precision numbers do not fit into their own."""
    return activations.to(torch.promote_types(activations.dtype, torch.float32))


def _fitted(tensor: Tensor, activations: Tensor) -> Tensor:
    """A tensor on the device and in the precision of activations ``(B, …)``, to which it must broadcast."""
    shape = activations.shape[1:]
    if tensor.ndim > len(shape) or any(
        own not in (1, wanted) for own, wanted in zip(tensor.shape[::-1], shape[::-1], strict=False)
    ):
        raise ValueError(
            f"the direction has shape {tuple(tensor.shape)}, but the layer's activations have shape {tuple(shape)}"
        )
    return tensor.to(activations.device, activations.dtype)


def _unit(direction: Tensor, activations: Tensor, mask: Tensor) -> tuple[Tensor, Sequence[int]]:
    """The direction with norm 1, and 0 in what is not meant; and the axes of its norm and of dot products with it.

    These are all axes but the batch's, or, if the direction is the same at all places, those along which it differs: it
    then has norm 1 at each place.
    """
    axes = range(1, activations.ndim)
    padded = (1,) * (len(axes) - direction.ndim) + tuple(direction.shape)
    summed = [axis for axis, length in zip(axes, padded, strict=True) if length > 1] or axes
    tensor = (_fitted(direction, activations) * mask).expand(1, *activations.shape[1:])
    unit, _ = _normed(tensor, summed)
    return unit, summed


def _normed(numbers: Tensor, axes: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Numbers with norm 1 along some axes, and the norm that they had; zeros stay zeros.

    They are first divided by the largest: the squares of very small or large ones would be 0 or infinite.
    """
    largest = numbers.abs().amax(dim=tuple(axes), keepdim=True)
    scaled = numbers / torch.where(largest > 0, largest, 1)
    norm = _sum(scaled.square(), axes).sqrt()
    return scaled / torch.where(norm > 0, norm, 1), largest * norm


def _sum(numbers: Tensor, axes: Sequence[int]) -> Tensor:
    return numbers.sum(dim=tuple(axes), keepdim=True)
