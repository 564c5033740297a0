"""Activations of many mazes as named arrays."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from steered_env.maze import Maze, check_maze
from steered_env.policy import check_evaluates, logits_of, policy_of
from steered_env.simulator import WORLD_SIZE, draw_observations
from steered_env.steering import DEFAULT_LAYER, channel_axis, read_activations, reading_tensors
from steered_env.system import atomic_file, needing

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

_BATCH = 64
"""Observations in one forward pass."""


def activations(
    policy: Any,
    mazes: Iterable[Maze],
    layers: str | Sequence[str] = DEFAULT_LAYER,
    *,
    grad: bool = False,
    folder: str | os.PathLike[str] | None = None,
) -> dict[str, xr.DataArray]:
    """Read the activations of many mazes, as named arrays.

    Example:
        >>> from steered_env import Maze, activations, load_policy
        >>> read = activations(load_policy(), Maze.from_levels(range(3)))
        >>> array = read["embedder.block2.res1.resadd"]
        >>> dict(array.sizes)
        {'maze': 3, 'channel': 32, 'row': 16, 'col': 16}
        >>> array.sel(row=24, col=24, method="nearest").dims  # over the world's top right
        ('maze', 'channel')

    Args:
        policy: See `Steering.difference`.
        mazes: The mazes, as they are now, taken in batches. What has a length and makes its mazes as it goes need never
            hold more of them than one batch; an iterator without a length is read to its end first.
        layers: One layer name, or several.
        grad: Also give, under ``"LAYER:grad"``, the gradient of the log-probability of the action that the policy likes
            best, with respect to the activations; of DQN, that of a softmax over the actions' values.
        folder: A folder that gets a ``.npy`` file for each array. Arrays are then read from there when they are used,
            and memory stays flat for any number of mazes. Existing files of the same names are replaced when all is
            read; arrays that were read from those keep what they hold.

    Returns:
        A layer's name to an array ``(maze, channel, row, col)``, or ``(maze, channel)`` for a layer without places, or
        ``(maze, place, channel)`` for one of activations ``(T, C)``.
        ``level`` and ``size`` are coordinates of ``maze``; ``row`` and ``col`` are the cells of the world over whose
        middle a place lies, row 0 at the bottom.

    Raises:
        MissingExtraError: if xarray is not installed.
        TypeError: if it is no policy, or one without gradients where these are wanted.
        ValueError: if there is no maze, or a part of the policy that acts differently in training is in training mode.
        LayerError: if the policy has no such layer, or it is not read once in a forward pass.
        OSError: if a file cannot be written.
    """
    with needing("analysis"):
        import xarray  # noqa: F401 (before anything is read)
    names = (layers,) if isinstance(layers, str) else tuple(layers)
    sized = mazes if isinstance(mazes, Collection) else list(mazes)
    if not len(sized):
        raise ValueError("there must be at least one maze to read activations of")
    arrays: dict[str, NDArray[np.float32]] = {}
    levels_and_sizes: list[tuple[int, int]] = []
    with ExitStack() as files:
        for batch in _batches(sized):
            start = len(levels_and_sizes)
            levels_and_sizes += [(-1 if maze.level is None else maze.level, maze.size) for maze in batch]
            observations = draw_observations(batch)
            read = (_with_gradients if grad else read_activations)(policy, names, observations)
            for name, tensor in read.items():
                if name not in arrays:
                    shape = (len(sized), *tensor.shape[1:])
                    if folder is None:
                        arrays[name] = np.empty(shape, np.float32)
                    else:
                        file = files.enter_context(atomic_file(_path(name, folder), make_folder=True))
                        arrays[name] = _on_disk(file, shape)
                arrays[name][start : start + len(batch)] = tensor.float().cpu().numpy()
    if folder is not None:  # by its name, by which another process may read it too
        arrays = {name: np.load(_path(name, folder), mmap_mode="r+") for name in arrays}
    return {name: _named(name, array, levels_and_sizes) for name, array in arrays.items()}


def _batches(mazes: Iterable[Maze]) -> Iterator[list[Maze]]:
    remaining = map(check_maze, mazes)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def _with_gradients(policy: Any, layers: Sequence[str], observations: NDArray[np.uint8]) -> dict[str, Tensor]:
    module = policy_of(policy)
    check_evaluates(module)
    with torch.enable_grad(), reading_tensors(module, layers) as tensors:
        best = logits_of(policy, observations).log_softmax(dim=1).max(dim=1).values.sum()
    gradients = torch.autograd.grad(best, list(tensors.values()), materialize_grads=True)
    read = {name: tensor.detach() for name, tensor in tensors.items()}
    return read | {f"{name}:grad": gradient for name, gradient in zip(tensors, gradients, strict=True)}


def _path(name: str, folder: str | os.PathLike[str]) -> Path:
    return Path(folder) / f"{name.replace(os.sep, '_').replace(':', '-')}.npy"


def _on_disk(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32]:
    room: NDArray[np.float32] = np.lib.format.open_memmap(  # type: ignore[no-untyped-call]
        path, mode="w+", dtype=np.float32, shape=shape
    )
    return room


def _named(name: str, array: NDArray[np.float32], levels_and_sizes: Sequence[tuple[int, int]]) -> xr.DataArray:
    with needing("analysis"):
        import xarray as xr

    dims = _dims(array.ndim)
    levels, sizes = zip(*levels_and_sizes, strict=True)
    coordinates: dict[str, Any] = {
        "maze": np.arange(len(levels)),
        "level": ("maze", list(levels)),
        "size": ("maze", list(sizes)),
        "layer": name.removesuffix(":grad"),
    }
    if array.ndim > 1:
        coordinates["channel"] = np.arange(array.shape[dims.index("channel")])
    if array.ndim == 4:
        height, width = array.shape[2:]
        coordinates["row"] = WORLD_SIZE - 0.5 - (np.arange(height) + 0.5) * WORLD_SIZE / height
        coordinates["col"] = (np.arange(width) + 0.5) * WORLD_SIZE / width - 0.5
    return xr.DataArray(array, coordinates, dims, name=name)


def _dims(ndim: int) -> list[str]:
    """The names of an array's axes: the maze, the channel where `channel_axis` has it, and places."""
    places = {3: ["place"], 4: ["row", "col"]}.get(ndim, [f"place_{axis}" for axis in range(2, ndim)])
    dims = ["maze", *places]
    if ndim > 1:
        dims.insert(1 + channel_axis(ndim - 1), "channel")
    return dims
