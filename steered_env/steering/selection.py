"""Choosing which activations of a layer a change is about: some channels, and those over some cells of the maze."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from steered_env.simulator import WORLD_SIZE, Cell, check_cell

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
        """``(1, C, …)`` bool that broadcasts to the activations ``(B, C, …)``: True in what is selected.

        Raises:
            ValueError: if there is no such channel, or the activations have no places over cells.
        """
        count = activations.shape[1]
        mask = torch.ones(count, dtype=torch.bool, device=activations.device)
        if self.channels is not None:
            if outside := [channel for channel in self.channels if channel >= count]:
                raise ValueError(f"the layer has channels 0 to {count - 1}, got {outside[0]}")
            mask[:] = False
            mask[list(self.channels)] = True
        mask = mask.reshape(1, count, *[1] * (activations.ndim - 2))
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


def selected(channels: Channels, cells: Cells) -> Selection:
    """Check channels and cells.

    Raises:
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
    chosen = tuple(int(channel) for channel in channels)
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
