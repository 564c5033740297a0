"""``python -m benchmarks.edits``: what edits of activations beside addition do, as docs/edits.md has it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from evaluation import evaluate
from evaluation.results import results_figure, save_figure
from steered_env import (
    Maze,
    adding_with_norm,
    cheese_vector,
    clamping,
    gated,
    load_policy,
    projecting_out,
    resampling,
    resampling_each_pass,
    turning,
)
from steered_env.maze import with_random_mouse
from steered_env.steering import Intervention


def gated_cheese(policy: Any, maze: Maze) -> Intervention:
    """Subtract the cheese vector only where the activations point along it."""
    vector = cheese_vector(policy, maze)
    return gated(-vector, vector, above=0.05)


CONDITIONS = {
    "add, keep the norm": lambda policy, maze: adding_with_norm(-cheese_vector(policy, maze)),
    "project out": lambda policy, maze: projecting_out(cheese_vector(policy, maze)),
    "clamp to at most 0": lambda policy, maze: clamping(high=0, direction=cheese_vector(policy, maze)),
    "turn away by a tenth": lambda policy, maze: turning(-cheese_vector(policy, maze), 0.1),
    "subtract if it is there": gated_cheese,
    "resample near the cheese": lambda policy, maze: resampling(policy, maze.without_cheese(), cells=around(maze)),
    "another donor every time": lambda policy, maze: resampling_each_pass(policy, donors(maze), cells=around(maze)),
}


def around(maze: Maze) -> list[tuple[int, int]]:
    """The cells at most two away from the cheese."""
    assert maze.cheese is not None
    row, col = maze.cheese
    cells = [(r, c) for r in range(row - 2, row + 3) for c in range(col - 2, col + 3)]
    return [cell for cell in cells if min(cell) >= 0 and max(cell) < len(maze.walls)]


def donors(maze: Maze) -> list[Maze]:
    """The maze without cheese, with the mouse in eight places."""
    generator = np.random.default_rng(0)
    return [with_random_mouse(maze.without_cheese(), generator) for _ in range(8)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--levels", type=int, default=40, help="how many levels are looked through")
    parser.add_argument("--figure", type=Path, help="draw the rates")
    arguments = parser.parse_args()
    mazes = [maze for maze in Maze.from_levels(range(arguments.levels)) if maze.decision_square]
    policy, usual = load_policy(), ["baseline", "-cheese"]
    results = evaluate(policy, mazes=mazes, conditions=[*usual, *CONDITIONS.items()])
    print(results.to_markdown())
    if arguments.figure:
        save_figure(results_figure(results), arguments.figure)


if __name__ == "__main__":
    main()
