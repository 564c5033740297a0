"""Choosing which activations of a layer a change is about: some channels, and those over some cells of the maze."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from steered_env.simulator import WORLD_SIZE, Cell, check_cell, whole_number

Channels = Iterable[int] | None
Cells = Iterable[Cell] | None
_LISTED = 8
"""Channels or cells that a repr names."""


@dataclass(frozen=True)
class Selection:
    """Some channels of a layer, and the places over some cells of the maze.

    Attributes:
        channels: The channels; None for all.
        cells: The cells; None for all.
    """

    channels: tuple[int, ...] | None = None
    cells: tuple[Cell, ...] | None = None

    def recorded_fields(self) -> dict[str, object]:
        """The fields by which runs know a change of this selection; those of older runs had at most one cell."""
        if self.cells is None:
            return {"channels": self.channels}
        cells = {"cell": self.cells[0]} if len(self.cells) == 1 else {"cells": self.cells}
        return {**cells, "channels": self.channels}

    def __str__(self) -> str:
        """The selection as the end of a sentence; nothing where all is selected."""
        words = ""
        for what, chosen in (("over cell", self.cells), ("in channel", self.channels)):
            if chosen is not None:
                listed = ", ".join(map(str, chosen[:_LISTED])) + ", …" * (len(chosen) > _LISTED)
                words += f" {what}{'s' * (len(chosen) > 1)} {listed}"
        return words

    def mask(self, activations: Tensor) -> Tensor:
        """Bool, of shape 1 or its own along each axis of the activations ``(B, …)``: True in what is selected.

        Raises:
            ValueError: if there is no such channel, or the activations have no places over cells.
        """
        axis = 1 + channel_axis(activations.ndim - 1)
        count = activations.shape[axis]
        mask = torch.ones(count, dtype=torch.bool, device=activations.device)
        if self.channels is not None:
            if outside := [channel for channel in self.channels if channel >= count]:
                raise ValueError(f"the layer has channels 0 to {count - 1}, got {outside[0]}")
            mask[:] = False
            mask[list(self.channels)] = True
        mask = mask.reshape([count if number == axis else 1 for number in range(activations.ndim)])
        return mask if self.cells is None else mask & self._places(activations, self.cells)

    @staticmethod
    def _places(activations: Tensor, cells: tuple[Cell, ...]) -> Tensor:
        if activations.ndim != 4:
            raise ValueError(
                f"only a layer with activations (C, H, W) has a place over a cell, this one has shape "
                f"{tuple(activations.shape[1:])}"
            )
        places = torch.zeros((1, 1, *activations.shape[2:]), dtype=torch.bool, device=activations.device)
        for cell in cells:
            row, col = map_position(cell, *activations.shape[2:])
            places[:, :, row, col] = True
        return places


def channel_axis(ndim: int) -> int:
    """The axis along which one activation of so many axes has its channels.

    The first of ``(C,)`` and ``(C, H, W)``, the last of ``(T, C)``, as of a transformer's tokens. What keeps its
    channels elsewhere, a convolution with activations ``(H, W, C)`` or ``(C, L)``, cannot be told apart from these.

    Example:
        >>> [channel_axis(len(shape)) for shape in (("C",), ("C", "H", "W"), ("T", "C"))]
        [0, 0, 1]
    """
    return 1 if ndim == 2 else 0


def whole_numbers(values: Iterable[Any], what: str) -> tuple[int, ...]:
    """Return the numbers of things, such as channels, as ints.

    Raises:
        TypeError: if they are no whole numbers, or a mask of True and False.
    """
    if isinstance(values, str) or not isinstance(values, Iterable) or getattr(values, "ndim", 1) == 0:
        raise TypeError(f"{what}s are named by several whole numbers, such as [3, 7], got {values!r}")
    chosen = [value.item() if getattr(value, "ndim", None) == 0 else value for value in values]
    if any(isinstance(value, bool) for value in chosen):
        raise TypeError(f"{what}s are named by their numbers, got True or False: of a mask give np.flatnonzero(mask)")
    return tuple(whole_number(value, f"each {what}") for value in chosen)


def selected(channels: Channels, cells: Cells) -> Selection:
    """Check channels and cells.

    Raises:
        TypeError: if a channel is no whole number.
        ValueError: if one is out of range, or none is named.
    """
    return Selection(_checked_channels(channels), _checked_cells(cells))


def map_position(cell: Cell, height: int, width: int) -> tuple[int, int]:
    """The place in a map of activations ``(height, width)`` that lies over the middle of a cell.

    An observation shows the whole world, its top row first, and a layer's map covers the whole observation.

    Example:
        >>> map_position((24, 24), 16, 16)  # the world's top right
        (0, 15)
        >>> map_position((0, 0), 16, 16)
        (15, 0)
    """
    row, col = cell
    return int((WORLD_SIZE - 0.5 - row) * height / WORLD_SIZE), int((col + 0.5) * width / WORLD_SIZE)


def _checked_channels(channels: Channels) -> tuple[int, ...] | None:
    if channels is None:
        return None
    chosen = whole_numbers(channels, "channel")
    if not chosen:
        raise ValueError("name at least one channel, or None for all")
    if min(chosen) < 0:
        raise ValueError(f"a channel must be ≥ 0, got {min(chosen)}")
    return chosen


def _checked_cells(cells: Cells) -> tuple[Cell, ...] | None:
    if cells is None:
        return None
    chosen = tuple(check_cell(cell, "each cell") for cell in cells)
    if not chosen:
        raise ValueError("name at least one cell, or None for all")
    return chosen
