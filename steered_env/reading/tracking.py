"""Channels that track a thing: whose activation is highest where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from steered_env.simulator import Cell, check_cell
from steered_env.steering import map_position

if TYPE_CHECKING:
    import xarray as xr


def channels_that_track(array: xr.DataArray, cells: Sequence[Cell]) -> pd.DataFrame:
    """Score every channel of a layer by how well it shows where a thing is.

    Example:
        >>> from steered_env import Maze, activations, channels_that_track, load_policy
        >>> mazes = Maze.from_levels(range(8))
        >>> read = activations(load_policy(), mazes)["embedder.block2.res1.resadd"]
        >>> channels_that_track(read, [maze.cheese for maze in mazes]).columns.tolist()
        ['hits', 'contrast']

    Args:
        array: Activations ``(maze, channel, row, col)`` of N mazes, of `activations`.
        cells: Where the thing is in each of them, such as ``[maze.cheese for maze in mazes]``.

    Returns:
        A row for each channel, the best first: ``hits``, the share of mazes in which its highest activation lies at
        most one place from the thing; ``contrast``, how far the activation there is above the mean of the map, in its
        standard deviations, averaged over mazes.

    Raises:
        ValueError: if the layer has no places, or the numbers of mazes differ.
    """
    if array.ndim != 4:
        raise ValueError(f"only a layer with activations (C, H, W) has places, this one has {array.dims}")
    if len(cells) != len(array):
        raise ValueError(f"there must be one cell for each of {len(array)} mazes, got {len(cells)}")
    height, width = array.shape[2:]
    hits, contrasts = [], []
    for values, cell in zip(np.asarray(array), cells, strict=True):
        row, col = map_position(check_cell(cell, "each cell"), height, width)
        highest = np.stack(np.unravel_index(values.reshape(len(values), -1).argmax(axis=1), (height, width)), axis=1)
        hits.append(np.abs(highest - [row, col]).max(axis=1) <= 1)
        spread = values.std(axis=(1, 2))
        contrasts.append((values[:, row, col] - values.mean(axis=(1, 2))) / np.where(spread, spread, np.inf))
    frame = pd.DataFrame(
        {"hits": np.mean(hits, axis=0), "contrast": np.mean(contrasts, axis=0)},
        index=pd.Index(range(array.shape[1]), name="channel"),
    )
    return frame.sort_values(["hits", "contrast"], ascending=False, kind="stable")
