"""Vectors from many pairs of scenes: the mean of their differences, and the directions in which these vary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from steered_env.maze import Maze
from steered_env.simulator import draw_observations
from steered_env.system import needing

from .layers import DEFAULT_LAYER, layer_names
from .origins import described_network, hash_of
from .reading import read_activations
from .steering import Steering, differences

_BATCH = 64
"""Scenes in one forward pass."""
_OF_NO_PAIR = "vectors from many pairs need at least one pair (a, b)"


def mean_difference(
    policy: Any, pairs: Iterable[tuple[Any, Any]], *, layer: str | Iterable[str] = DEFAULT_LAYER
) -> Steering:
    """The mean, over pairs ``(a, b)``, of the activations while looking at ``a`` minus those while looking at ``b``.

    Example:
        >>> from steered_env import Maze, load_policy
        >>> pairs = [(maze, maze.without_cheese()) for maze in Maze.from_levels(range(3))]
        >>> mean_difference(load_policy(), pairs)
        <Steering embedder.block2.res1.resadd: (32, 16, 16), norm 11.2>

    Args:
        policy: See `Steering.difference`.
        pairs: Pairs of mazes, or of inputs, as for `Steering.difference`; any number, never all in memory.
        layer: One layer name, or several.

    Raises:
        ValueError: if there is no pair, or activations have different shapes.
        LayerError: if the policy has no such layer.
    """
    total: dict[str, Tensor] = {}
    count, hashes = 0, []
    for batch, by_layer in _differences(policy, pairs, layer_names(layer)):
        for name, rows in by_layer.items():
            total[name] = total.get(name, torch.zeros(())) + rows.double().sum(dim=0)
        count += len(batch)
        hashes.append(hash_of(batch))
    if not count:
        raise ValueError(_OF_NO_PAIR)
    mean = Steering({name: (tensor / count).float() for name, tensor in total.items()})
    return mean.made_by("mean_difference", policy=described_network(policy), pairs=count, sha256=hash_of(hashes))


def principal_components(
    policy: Any, pairs: Iterable[tuple[Any, Any]], components: int = 1, *, layer: str | Iterable[str] = DEFAULT_LAYER
) -> list[Steering]:
    """The directions that explain most of the differences of pairs, the strongest first; of scikit-learn's ``PCA``.

    The directions are those of the differences about 0, not about their mean: what all pairs have in common counts.
    Each is as long as the differences are along it (root mean square), and points where they point on average.

    Args:
        policy: See `Steering.difference`.
        pairs: Pairs of mazes, or of inputs, as for `Steering.difference`; all differences are in memory at once.
        components: How many directions, at most one for each pair.
        layer: One layer name, or several, whose numbers then count as one vector.

    Raises:
        MissingExtraError: if scikit-learn is not installed.
        ValueError: if there is no pair, or fewer than components, or activations have different shapes.
        LayerError: if the policy has no such layer.
    """
    with needing("analysis"):
        from sklearn.decomposition import PCA
    pieces = list(_differences(policy, pairs, layer_names(layer)))
    if not pieces:
        raise ValueError(_OF_NO_PAIR)
    count = sum(len(batch) for batch, _ in pieces)
    if not 1 <= components <= count:
        raise ValueError(f"components must be 1 to {count}, the number of pairs, got {components}")
    rows = {name: torch.cat([by_layer[name] for _, by_layer in pieces]) for name in pieces[0][1]}
    flat = torch.cat([row.flatten(1) for row in rows.values()], dim=1).numpy()
    pca = PCA(components, svd_solver="full").fit([*flat, *-flat])  # with their negatives their mean is 0
    strengths = flat @ pca.components_.T
    lengths = (strengths**2).mean(axis=0) ** 0.5
    lengths[strengths.mean(axis=0) < 0] *= -1
    details = {"policy": described_network(policy), "pairs": count, "sha256": hash_of(hash_of(b) for b, _ in pieces)}
    vectors = []
    for number, direction in enumerate(torch.from_numpy(pca.components_ * lengths[:, None])):
        parts = direction.split([row[0].numel() for row in rows.values()])
        tensors = {name: part.reshape(rows[name].shape[1:]) for name, part in zip(rows, parts, strict=True)}
        vectors.append(Steering(tensors).made_by("principal_components", component=number, **details))
    return vectors


def read_scenes(policy: Any, mazes: Sequence[Maze], layers: Sequence[str]) -> dict[str, Tensor]:
    """Read activations in many mazes, ``(N, …)`` for each layer, in batches."""
    parts: dict[str, list[Tensor]] = {}
    for start in range(0, len(mazes), _BATCH):
        for name, tensor in read_activations(policy, layers, draw_observations(mazes[start : start + _BATCH])).items():
            parts.setdefault(name, []).append(tensor.cpu())
    return {name: torch.cat(tensors) for name, tensors in parts.items()}


Pair = tuple[Any, Any]


def _differences(
    policy: Any, pairs: Iterable[Pair], layers: Sequence[str]
) -> Iterator[tuple[list[Pair], dict[str, Tensor]]]:
    """Batches of pairs, each with the differences ``(N, …)`` of each layer."""
    rest = iter(pairs)
    while batch := [_checked(pair) for pair in islice(rest, _BATCH // 2)]:
        scenes = [scene for pair in batch for scene in pair]
        if all(isinstance(scene, Maze) for scene in scenes):
            read = read_scenes(policy, scenes, layers)
            yield batch, {name: activations[0::2] - activations[1::2] for name, activations in read.items()}
        else:
            each = [differences(policy, a, b, layers) for a, b in batch]
            yield batch, {name: torch.stack([tensors[name] for tensors in each]) for name in each[0]}


def _checked(pair: Any) -> Pair:
    if not (isinstance(pair, (tuple, list)) and len(pair) == 2):
        raise TypeError(f"pairs must be pairs (a, b) of mazes or inputs, got {type(pair).__name__}")
    return pair[0], pair[1]
