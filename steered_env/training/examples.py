"""Training examples: mazes with the cheese in the top-right region, and the best move everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from torch.utils.data import Dataset

from steered_env.maze import DIRECTIONS, NOWHERE, Maze, next_cells_in_all, random_cheese_cell
from steered_env.simulator import MAX_LEVEL, WORLD_SIZE, Cell, draw_observations

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST_TRAINING_LEVEL = 10_000_000
"""Levels from here on are for training, those below for evaluation."""

NO_MOVE = -1
"""The label of a cell that has no best move: a wall, or the cheese's own cell."""

_LABELS = np.full(2 * WORLD_SIZE + 1, NO_MOVE, np.int8)
"""The label of a move by what it adds to a cell's index; labels are in the order of `steered_env.maze.DIRECTIONS`."""
for _label, (_rows, _cols) in enumerate(DIRECTIONS.values()):
    _LABELS[_rows * WORLD_SIZE + _cols] = _label


@dataclass(frozen=True)
class Examples:
    """A batch of examples with what is to be learned from them.

    Attributes:
        observations: ``(B, 64, 64, 3)`` uint8.
        mice: ``(B, 2)`` int64, the cell of each mouse.
        moves: ``(B,)`` int64, the best move at the mouse: left, down, up, right.
        distances: ``(B,)`` float32, steps from the mouse to the cheese.
        cell_moves: ``(B, 25, 25)`` int8, the best move in every cell, `NO_MOVE` where there is none.
        sizes: ``(B,)`` int64, the size of each maze.
    """

    observations: NDArray[np.uint8]
    mice: NDArray[np.int64]
    moves: NDArray[np.int64]
    distances: NDArray[np.float32]
    cell_moves: NDArray[np.int8]
    sizes: NDArray[np.int64]


def draw_examples(
    levels: Sequence[int], generators: Sequence[np.random.Generator], *, per_level: int, cheese_region: int
) -> Examples:
    """Draw ``per_level`` examples of each level.

    The cheese goes to a random open cell of the top-right region; the mouse half the time onto the path from
    the start to the cheese and half the time anywhere open, facing at random.

    Args:
        levels: Levels to draw examples of.
        generators: One for each level, for all random choices in its examples.
        per_level: Examples of each level, one after the other in the result.
        cheese_region: Side of the top-right region.
    """
    owners = [
        (maze, generator)
        for maze, generator in zip(Maze.from_levels(levels), generators, strict=True)
        for _ in range(per_level)
    ]
    cheeses = [random_cheese_cell(maze, cheese_region, generator) for maze, generator in owners]
    following = next_cells_in_all(np.stack([maze.walls for maze, _ in owners]), cheeses)
    mazes = [
        _place(maze, cheese, way, generator)
        for (maze, generator), cheese, way in zip(owners, cheeses, following, strict=True)
    ]
    cell_moves = _cell_moves(following)
    mice = np.array([maze.mouse for maze in mazes], np.int64)
    steps = [len(_walk(way, maze.mouse)) - 1 for way, maze in zip(following, mazes, strict=True)]
    return Examples(
        observations=draw_observations(mazes),
        mice=mice,
        moves=cell_moves[np.arange(len(mazes)), mice[:, 0], mice[:, 1]].astype(np.int64),
        distances=np.array(steps, np.float32),
        cell_moves=cell_moves,
        sizes=np.array([maze.size for maze in mazes], np.int64),
    )


def _place(maze: Maze, cheese: Cell, following: NDArray[np.int32], generator: np.random.Generator) -> Maze:
    """The maze with its cheese placed, and its mouse at random, on the way there or anywhere."""
    if generator.random() < 0.5:
        places = _walk(following, maze.start)[:-1]
        mouse = places[generator.integers(len(places))]
    else:
        rows, cols = np.nonzero(following != NOWHERE)
        place = generator.integers(len(rows))
        mouse = int(rows[place]), int(cols[place])
    return replace(maze, cheese=cheese, mouse=mouse, facing_right=bool(generator.random() < 0.5))


def _walk(following: NDArray[np.int32], start: Cell) -> list[Cell]:
    """The cells from ``start`` to the goal, both included."""
    cells = [start]
    while (index := int(following[cells[-1]])) != NOWHERE:
        cells.append(divmod(index, WORLD_SIZE))
    return cells


def _cell_moves(following: NDArray[np.int32]) -> NDArray[np.int8]:
    here = np.arange(WORLD_SIZE**2, dtype=np.int32).reshape(following.shape[1:])
    moves: NDArray[np.int8] = _LABELS[np.where(following == NOWHERE, 0, following - here)]
    return moves


class TrainingExamples(Dataset[Examples]):
    """The endless series of training batches; a batch depends on the seed and its number alone.

    Args:
        seed: Seed of the series.
        batch_size: Examples in a batch.
        per_level: Examples of each level; divides the batch size.
        cheese_region: Side of the top-right region.
    """

    def __init__(self, *, seed: int, batch_size: int, per_level: int, cheese_region: int) -> None:
        self._seed, self._per_level, self._cheese_region = seed, per_level, cheese_region
        self._levels = batch_size // per_level

    def __getitem__(self, number: int) -> Examples:
        """Batch ``number``."""
        first = number * self._levels
        generators = [np.random.default_rng([self._seed, group]) for group in range(first, first + self._levels)]
        levels = [int(g.integers(FIRST_TRAINING_LEVEL, MAX_LEVEL, endpoint=True)) for g in generators]
        return draw_examples(levels, generators, per_level=self._per_level, cheese_region=self._cheese_region)
