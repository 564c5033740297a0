"""Snapshots: mazes and random generators as plain values that any file format can hold."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from steered_env.maze import Maze
from steered_env.simulator import WORLD_SIZE


def plain_values(maze: Maze) -> dict[str, Any]:
    """Take a maze apart into numbers, bytes and tuples, for `maze_of`."""
    values = {field.name: getattr(maze, field.name) for field in fields(maze)}
    return {**values, "walls": np.packbits(maze.walls).tobytes()}


def maze_of(values: dict[str, Any]) -> Maze:
    """Put together a maze that `plain_values` took apart."""
    bits = np.unpackbits(np.frombuffer(values["walls"], np.uint8), count=WORLD_SIZE**2)
    return Maze(**{**values, "walls": bits.reshape(WORLD_SIZE, WORLD_SIZE).astype(np.bool_)})


def generator_of(state: dict[str, Any]) -> np.random.Generator:
    """Make a random generator that goes on from the state of another one's ``bit_generator``."""
    generator = np.random.default_rng()
    generator.bit_generator.state = state
    return generator
