"""Changes of activations that have to do with a direction: projection, rotation, bounds, and gates."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .intervention import Change, described
from .selection import Selection


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
        mask = self.where.mask(activations)
        unit = _unit(self.direction, activations, mask)
        along = _dot(activations * mask, unit, self.direction)
        return activations - (along * unit).to(activations.dtype)


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
        mask = self.where.mask(activations)
        part = activations * mask
        total = part + _fitted(self.tensor, activations) * mask
        scaled = total * (_norm(part) / _norm(total).clamp_min(1e-12))
        return torch.where(mask, scaled, activations)


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
        unit = _unit(self.direction, activations, mask)
        along = _dot(activations * mask, unit, self.direction)
        return activations + ((along.clamp(self.low, self.high) - along) * unit).to(activations.dtype)


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
        mask = self.where.mask(activations)
        unit = _unit(self.direction, activations, mask)
        part = activations * mask
        norm = _norm(part)
        own = part / norm.clamp_min(1e-12)
        cosine = _sum(own * unit).clamp(-1, 1)
        across = unit - cosine * own  # opposite directions have no way that is the shortest: they stay
        across = across / _norm(across).clamp_min(1e-12)
        angle = torch.arccos(cosine) * self.share
        turned = norm * (torch.cos(angle) * own + torch.sin(angle) * across)
        return torch.where(mask, turned.to(activations.dtype), activations)


@dataclass(frozen=True, eq=False)
class Gate:
    """Makes a change in the examples whose activations have some cosine with a direction.

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
        unit = _unit(self.direction, activations, torch.ones_like(activations[:1], dtype=torch.bool))
        cosine = _sum(activations * unit) / _norm(activations).clamp_min(1e-12)
        is_open = (cosine >= self.above) & (cosine < self.below)
        return torch.where(is_open, self.change(activations), activations)


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


def _unit(direction: Tensor, activations: Tensor, mask: Tensor) -> Tensor:
    """The direction with norm 1 in the numbers over which `_dot` sums, and 0 in what is not meant."""
    tensor = (_fitted(direction, activations) * mask).expand(1, *activations.shape[1:])
    square = _dot(tensor, tensor, direction)
    return tensor / square.clamp_min(1e-24).sqrt()


def _dot(activations: Tensor, unit: Tensor, direction: Tensor) -> Tensor:
    """Dot products ``(B, 1, …)``: of all numbers, or at each place if the direction is the same at all places."""
    product = activations * unit
    whole = range(1, product.ndim)
    padded = (1,) * (product.ndim - 1 - direction.ndim) + tuple(direction.shape)
    summed = [axis for axis, length in zip(whole, padded, strict=True) if length > 1] or list(whole)
    return product.sum(dim=summed, keepdim=True)


def _sum(numbers: Tensor) -> Tensor:
    return numbers.sum(dim=list(range(1, numbers.ndim)), keepdim=True)


def _norm(numbers: Tensor) -> Tensor:
    return _sum(numbers.square()).sqrt()
