"""The vectors of Mini et al. (2023), "Understanding and Controlling a Maze-Solving Policy Network"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from steered_env.maze import Maze, check_maze
from steered_env.simulator import WORLD_SIZE

from .layers import DEFAULT_LAYER
from .steering import Steering


class VectorError(ValueError):
    """A vector that does not exist for a maze."""


def cheese_vector(policy: Any, maze: Maze, *, layer: str | Iterable[str] = DEFAULT_LAYER) -> Steering:
    """The activations with the cheese minus those without, mouse and facing as in ``maze``.

    Subtracted, it makes the mouse ignore the cheese: where the mouse stands as in ``maze``, and with
    coefficient 1, exactly as if the cheese were not there.

    Raises:
        TypeError: if an argument is of the wrong kind.
        VectorError: if the maze has no cheese.
        LayerError: if the policy has no such layer.
    """
    if check_maze(maze).cheese is None:
        raise VectorError(f"there is no cheese vector for {maze!r}: it has no cheese")
    return Steering.difference(policy, maze, maze.without_cheese(), layer=layer)


def top_right_vector(policy: Any, maze: Maze, *, layer: str | Iterable[str] = DEFAULT_LAYER) -> Steering:
    """The activations with a path carved to the absolute top right minus those without.

    Added, it draws the mouse to the top right.

    Raises:
        TypeError: if an argument is of the wrong kind.
        VectorError: if there is no path to carve, since the maze has size 25, or has that path already.
        LayerError: if the policy has no such layer.
    """
    if check_maze(maze).size == WORLD_SIZE:
        raise VectorError(
            f"there is no top-right vector for {maze!r}: its corner is the world's, with no path to carve"
        )
    carved = maze.with_top_right_path()
    if carved == maze:
        raise VectorError(f"there is no top-right vector for {maze!r}: the path is open already")
    return Steering.difference(policy, carved, maze, layer=layer)


def random_vector(like: Steering, *, seed: int = 0, level: int | None = None) -> Steering:
    """Independent N(0, 1) numbers times the standard deviation of ``like``, layer by layer.

    Args:
        like: Gives layers, shapes and, per layer, the (population) standard deviation of all its numbers.
        seed: Seed of the draw, ≥ 0.
        level: Also keys the draw, so that each level gets a vector of its own.

    Raises:
        ValueError: if the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"seed must be ≥ 0, got {seed}")
    generator = np.random.default_rng([seed] if level is None else [seed, level])
    drawn = {}
    for layer, tensor in sorted(like.items()):
        numbers = generator.standard_normal(tuple(tensor.shape)) * float(tensor.double().std(correction=0))
        drawn[layer] = torch.from_numpy(numbers.astype(np.float32))
    return Steering(drawn)
