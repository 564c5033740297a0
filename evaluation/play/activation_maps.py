"""Maps of a layer's activations, with the channels that matter first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from steered_env import Maze, channels_that_change, channels_that_track_cheese, read_activations
from steered_env.steering import Intervention

from . import messages
from .mazes import read_maze
from .networks import Network
from .problems import Problem, problems_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

Ranking = list[dict[str, Any]]


def activation_maps(
    request: messages.ActivationsRequest, network: Network, maze: Maze, steering: Intervention | None
) -> dict[str, Any]:
    """The ranking of a layer's channels, and the maps of some.

    Args:
        request: The layer, the kind of ranking, and which channels are wanted.
        network: The policy.
        maze: The maze.
        steering: With which the activations are read; None for the policy's own.

    Raises:
        Problem: if there is no such layer or channel, it has no places, or its channels cannot be ranked so.
    """
    layer = request.layer
    shape = network.layers.get(layer)
    if shape is None:
        raise Problem("layer", f"policy {request.scene.policy!r} has no layer {layer!r} that can be read")
    if len(shape) != 3:
        raise Problem("layer", f"layer {layer!r} has no places over cells: its activations have shape {shape}")
    ranking = _ranking(request, network, maze)
    wanted = request.channels or [row["channel"] for row in ranking[: request.count]]
    if outside := [channel for channel in wanted if channel >= shape[0]]:
        raise Problem("layer", f"layer {layer!r} has channels 0 to {shape[0] - 1}, got {outside[0]}")
    maps = _maps(layer, network, maze, steering)
    return {
        "layer": layer,
        "shape": list(shape),
        "ranking": ranking,
        "maps": [{"channel": channel, "values": np.round(maps[channel], 4).tolist()} for channel in wanted],
    }


def _ranking(request: messages.ActivationsRequest, network: Network, maze: Maze) -> Ranking:
    layer, module = request.layer, network.module
    if request.rank == "none":
        return [{"channel": channel, "score": 0.0} for channel in range(network.layers[layer][0])]
    if request.rank == "change":
        if request.before is None:
            raise Problem("message", "before: the maze that the channels are compared with is missing")
        with problems_of("maze"):
            before = read_maze(request.before)
        changes = network.ranking((layer, maze, before), lambda: channels_that_change(module, maze, before, layer))
        return _rows(changes.index.to_numpy(), score=changes["change"].to_numpy())
    key = layer, maze.without_cheese()
    with problems_of("maze"):
        scores = network.ranking(key, lambda: channels_that_track_cheese(module, maze, layer))
    return _rows(scores.index.to_numpy(), score=scores["contrast"].to_numpy(), hits=scores["hits"].to_numpy())


def _rows(channels: NDArray[Any], **scores: NDArray[Any]) -> Ranking:
    columns = {name: np.round(values.astype(float), 4).tolist() for name, values in scores.items()}
    return [
        {"channel": channel, **{name: values[number] for name, values in columns.items()}}
        for number, channel in enumerate(channels.tolist())
    ]


def _maps(layer: str, network: Network, maze: Maze, steering: Intervention | None) -> NDArray[np.float32]:
    """The activations ``(C, H, W)`` of a layer."""
    with problems_of("condition"), (steering or network.policy.steering).applied_to(network.module):
        (read,) = read_activations(network.module, [layer], maze.observe()[None]).values()
    values: NDArray[np.float32] = read[0].float().cpu().numpy()
    return values
