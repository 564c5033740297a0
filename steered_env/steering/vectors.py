"""The vectors of Mini et al. (2023), "Understanding and Controlling a Maze-Solving Policy Network", and their kin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from steered_env.maze import Maze, check_maze
from steered_env.simulator import WORLD_SIZE, Cell, whole_number

from .layers import DEFAULT_LAYER, layer_names
from .origins import described_input, described_network
from .pairs import read_scenes
from .steering import Steering, differences


class VectorError(ValueError):
    """A vector that does not exist for a maze."""


def cheese_vector(
    policy: Any, maze: Maze, *, cell: Cell | None = None, layer: str | Iterable[str] = DEFAULT_LAYER
) -> Steering:
    """The activations with the cheese minus those without, mouse and facing as in ``maze``.

    Subtracted, it makes the mouse ignore the cheese: where the mouse stands as in ``maze``, and with
    coefficient 1, exactly as if the cheese were not there.

    Args:
        policy: See `Steering.difference`.
        maze: The maze.
        cell: Where the cheese is put; None for where it is in the maze.
        layer: One layer name, or several.

    Raises:
        TypeError: if an argument is of the wrong kind.
        VectorError: if the maze has no cheese.
        ValueError: if no cheese can be put into the cell.
        LayerError: if the policy has no such layer.
    """
    if cell is not None:
        maze = check_maze(maze).with_cheese(cell)
    if check_maze(maze).cheese is None:
        raise VectorError(f"there is no cheese vector for {maze!r}: it has no cheese")
    vector = Steering(differences(policy, maze, maze.without_cheese(), layer))
    return vector.made_by("cheese_vector", policy=described_network(policy), **described_input(maze))


def cheese_vectors(
    policy: Any, maze: Maze, cells: Iterable[Cell] | None = None, *, layer: str | Iterable[str] = DEFAULT_LAYER
) -> dict[Cell, Steering]:
    """A cheese vector for each place where the cheese may lie: `cheese_vector` with ``cell``, read in batches.

    Args:
        policy: See `Steering.difference`.
        maze: The maze, with or without cheese.
        cells: The places; None for every open cell but the mouse's.
        layer: One layer name, or several.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if no cheese can be put into a cell.
        LayerError: if the policy has no such layer.
    """
    without = check_maze(maze).without_cheese()
    if cells is None:
        cells = [(int(row), int(col)) for row, col in np.argwhere(~maze.walls) if (row, col) != maze.mouse]
    scenes = {cell: without.with_cheese(cell) for cell in cells}
    read = read_scenes(policy, [without, *scenes.values()], layer_names(layer))
    network = described_network(policy)
    return {
        cell: Steering({name: activations[number] - activations[0] for name, activations in read.items()}).made_by(
            "cheese_vector", policy=network, **described_input(scene)
        )
        for number, (cell, scene) in enumerate(scenes.items(), 1)
    }


def top_right_vector(policy: Any, maze: Maze, *, layer: str | Iterable[str] = DEFAULT_LAYER) -> Steering:
    """The activations with a path carved to the absolute top right minus those without: `corner_vector` of that corner.

    Added, it draws the mouse to the top right.

    Raises:
        TypeError: if an argument is of the wrong kind.
        VectorError: if there is no path to carve, since the maze has size 25, or has that path already.
        LayerError: if the policy has no such layer.
    """
    return corner_vector(policy, maze, corner="top right", layer=layer)


def corner_vector(
    policy: Any, maze: Maze, *, corner: str = "top right", layer: str | Iterable[str] = DEFAULT_LAYER
) -> Steering:
    """The activations with a path carved from a corner of the maze to that of the world minus those without.

    Args:
        policy: See `Steering.difference`.
        maze: The maze.
        corner: ``"top right"``, ``"top left"``, ``"bottom right"`` or ``"bottom left"``.
        layer: One layer name, or several.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if there is no such corner.
        VectorError: if there is no path to carve, since the maze has size 25, or has that path already.
        LayerError: if the policy has no such layer.
    """
    carved = check_maze(maze).with_corner_path(corner)
    name = corner.replace(" ", "-")
    if maze.size == WORLD_SIZE:
        raise VectorError(f"there is no {name} vector for {maze!r}: its corner is the world's, with no path to carve")
    if carved == maze:
        raise VectorError(f"there is no {name} vector for {maze!r}: the path is open already")
    vector = Steering(differences(policy, carved, maze, layer))
    return vector.made_by("corner_vector", corner=corner, policy=described_network(policy), **described_input(maze))


def random_vector(like: Steering, *, seed: int = 0, level: int | None = None) -> Steering:
    """Independent N(0, 1) numbers times the standard deviation of ``like``, layer by layer.

    Args:
        like: Gives layers, shapes and, per layer, the (population) standard deviation of all its numbers.
        seed: Seed of the draw, ≥ 0.
        level: Also keys the draw, so that each level gets a vector of its own; a maze without a level may have any
            number ≥ 0.

    Raises:
        TypeError: if seed or level is no whole number.
        ValueError: if one of them is negative.
    """
    seed, level = whole_number(seed, "seed", 0), None if level is None else whole_number(level, "level", 0)
    generator = np.random.default_rng([seed] if level is None else [seed, level])
    drawn = {}
    for layer, tensor in sorted(like.items()):
        numbers = generator.standard_normal(tuple(tensor.shape)) * float(tensor.double().std(correction=0))
        drawn[layer] = torch.from_numpy(numbers.astype(np.float32))
    return Steering(drawn).made_by("random_vector", seed=seed, level=level, like=like.origin)
