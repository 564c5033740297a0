"""Channels that track a thing: whose activation is highest where it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from steered_env.maze import Maze, check_maze, reachable
from steered_env.simulator import Cell, check_cell, draw_observations
from steered_env.steering import DEFAULT_LAYER, map_position, read_activations

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray


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
        most one place from the thing, where of several that are equally high each counts its share, so that a map that
        is the same everywhere counts what chance gives; ``contrast``, how far the activation there is above the mean of
        the map, in its standard deviations, averaged over mazes.

    Raises:
        ValueError: if the layer has no places, or the numbers of mazes differ.
    """
    if array.ndim != 4:
        raise ValueError(f"only a layer with activations (C, H, W) has places, this one has {array.dims}")
    if len(cells) != len(array):
        raise ValueError(f"there must be one cell for each of {len(array)} mazes, got {len(cells)}")
    return _tracking(np.asarray(array), cells)


def channels_that_track_cheese(
    policy: Any, maze: Maze, layer: str = DEFAULT_LAYER, *, places: int = 12
) -> pd.DataFrame:
    """Score every channel of a layer by how well it shows where the cheese lies in one maze.

    Example:
        >>> from steered_env import Maze, load_policy
        >>> scores = channels_that_track_cheese(load_policy(), Maze.from_level(0))
        >>> bool(scores.hits.iloc[0] > 0.5)
        True

    Args:
        policy: See `Steering.difference`.
        maze: The maze, with or without cheese; the mouse stays where it is.
        layer: Name of a layer with activations ``(C, H, W)``.
        places: The cheese is put into so many cells, spread over those that the mouse can get to.

    Returns:
        As of `channels_that_track`, the best channel first.

    Raises:
        LayerError: if the policy has no such layer.
        ValueError: if the layer has no places, or the mouse cannot leave its cell.
    """
    empty = check_maze(maze).without_cheese()
    reached = reachable(empty.walls, empty.mouse)
    reached[empty.mouse] = False
    cells = [(int(row), int(col)) for row, col in np.argwhere(reached)]
    if not cells:
        raise ValueError(f"no cheese can be put where the mouse gets to in {maze!r}")
    chosen = [cells[number] for number in np.unique(np.linspace(0, len(cells) - 1, places).round().astype(int))]
    read = _maps(policy, [empty.with_cheese(cell) for cell in chosen], layer)
    return _tracking(read, chosen)


def channels_that_change(policy: Any, maze: Maze, other: Maze, layer: str = DEFAULT_LAYER) -> pd.DataFrame:
    """Score every channel of a layer by how much it differs between two mazes.

    Example:
        >>> from steered_env import Maze, load_policy
        >>> maze = Maze.from_level(0)
        >>> channels_that_change(load_policy(), maze, maze.without_cheese()).columns.tolist()
        ['change']

    Args:
        policy: See `Steering.difference`.
        maze: A maze.
        other: Another one, such as the same without its cheese.
        layer: Name of a layer with activations ``(C, H, W)``.

    Returns:
        A row for each channel, the one that differs most first: ``change``, the root of the mean squared difference.

    Raises:
        LayerError: if the policy has no such layer.
        ValueError: if the layer has no places.
    """
    one, another = _maps(policy, [check_maze(maze), check_maze(other)], layer)
    change = np.sqrt(np.square(one - another).mean(axis=(1, 2)))
    frame = pd.DataFrame({"change": change}, index=pd.Index(range(len(change)), name="channel"))
    return frame.sort_values("change", ascending=False, kind="stable")


def _maps(policy: Any, mazes: Sequence[Maze], layer: str) -> NDArray[np.float32]:
    """The activations ``(maze, channel, row, col)`` of a layer."""
    (read,) = read_activations(policy, [layer], draw_observations(mazes)).values()
    if read.ndim != 4:
        raise ValueError(
            f"only a layer with activations (C, H, W) has places, {layer!r} has shape {tuple(read.shape[1:])}"
        )
    values: NDArray[np.float32] = read.float().cpu().numpy()
    return values


def _tracking(maps: NDArray[Any], cells: Sequence[Cell]) -> pd.DataFrame:
    """`channels_that_track` of activations ``(maze, channel, row, col)``."""
    height, width = maps.shape[2:]
    hits, contrasts = [], []
    for values, cell in zip(maps, cells, strict=True):
        row, col = map_position(check_cell(cell, "each cell"), height, width)
        is_highest = values == values.max(axis=(1, 2), keepdims=True)
        near = is_highest[:, max(0, row - 1) : row + 2, max(0, col - 1) : col + 2]
        hits.append(near.sum(axis=(1, 2)) / np.maximum(is_highest.sum(axis=(1, 2)), 1))
        spread = values.std(axis=(1, 2))
        contrasts.append((values[:, row, col] - values.mean(axis=(1, 2))) / np.where(spread, spread, np.inf))
    frame = pd.DataFrame(
        {"hits": np.mean(hits, axis=0), "contrast": np.mean(contrasts, axis=0)},
        index=pd.Index(range(maps.shape[1]), name="channel"),
    )
    return frame.sort_values(["hits", "contrast"], ascending=False, kind="stable")
