"""Channel maps as pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from steered_env.maze import Maze
from steered_env.simulator import WORLD_SIZE
from steered_env.steering import whole_numbers

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_COLUMNS = 4
_OPACITY = 0.6


def maps_figure(array: xr.DataArray, maze: Maze, channels: Iterable[int] | None = None) -> Figure:
    """Draw maps of a layer over the rendered maze, one panel for each channel.

    Args:
        array: Numbers ``(channel, row, col)`` of one maze: ``read[layer][0]``, or an `attribution`.
        maze: The maze.
        channels: The channels; None for the eight whose numbers vary most.

    Raises:
        TypeError: if a channel is no whole number, as in a mask.
        ValueError: if the array has other dimensions, or there is no such channel, or none is named.
    """
    from matplotlib.figure import Figure

    if array.dims != ("channel", "row", "col"):
        raise ValueError(f"a map needs the dimensions (channel, row, col), got {array.dims}: choose one maze, array[0]")
    if channels is None:
        spread = array.std(["row", "col"]).values
        channels = sorted(np.argsort(-spread)[: 2 * _COLUMNS].tolist())
    channels = whole_numbers(channels, "channel")
    if not channels:
        raise ValueError("name at least one channel, or None for the eight whose numbers vary most")
    if outside := [channel for channel in channels if not 0 <= channel < array.sizes["channel"]]:
        raise ValueError(f"the layer has channels 0 to {array.sizes['channel'] - 1}, got {outside[0]}")
    chosen = array.sel(channel=list(channels))
    columns = min(_COLUMNS, len(channels))
    rows = -(-len(channels) // columns)
    figure = Figure(figsize=(3.2 * columns, 3.4 * rows + 0.5), layout="constrained")
    figure.suptitle(str(array.name))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    longest = float(np.abs(chosen).max()) or 1.0
    picture = maze.render()
    image: Any = None
    for axes, channel in zip(panels, channels, strict=False):
        extent = (-0.5, WORLD_SIZE - 0.5, -0.5, WORLD_SIZE - 0.5)
        axes.imshow(picture, extent=extent)
        image = axes.imshow(
            chosen.sel(channel=channel), extent=extent, cmap="RdBu_r", vmin=-longest, vmax=longest, alpha=_OPACITY
        )
        axes.set_title(f"channel {channel}", fontsize=10)
    for axes in panels:
        axes.set_axis_off()
    figure.colorbar(image, ax=list(panels), shrink=0.7)
    return figure
