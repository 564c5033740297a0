"""``python -m benchmarks.corners``: whether the vector of each corner leads the mouse there (docs/vectors.md)."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evaluation import vector_field
from evaluation.measuring import SharedForward
from evaluation.measuring.chain import Chain
from evaluation.results import mean_interval, save_figure
from evaluation.views import fields_figure
from steered_env import Maze, Steering, corner_vector, load_policy
from steered_env.steering import Intervention

if TYPE_CHECKING:
    from numpy.typing import NDArray

HORIZON = 256
SIZES = range(9, 23)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--levels", type=int, default=60, help="how many levels are looked through")
    parser.add_argument("--figure", type=Path, help="draw the fields of one maze")
    arguments = parser.parse_args()
    policy = load_policy()
    forward = SharedForward(policy)
    mazes = [maze for maze in Maze.from_levels(range(arguments.levels)) if maze.size in SIZES]
    corners = [corner for corner, cell in mazes[0].corners.items() if cell != mazes[0].start]
    rates = np.array([_rates(forward, maze.without_cheese(), corners) for maze in mazes])
    print(f"{len(mazes)} mazes without their cheese, {HORIZON} steps\n")
    print(f"| steered by the vector of | {' | '.join(f'reaches the {corner}' for corner in corners)} |")
    print("| --- |" + " --- |" * len(corners))
    for row, name in enumerate(["nothing", *corners]):
        print(f"| {name} | {' | '.join(f'{mean_interval(rates[:, row, end])}' for end in range(len(corners)))} |")
    if arguments.figure:
        maze = Maze.from_level(27)
        baseline = vector_field(policy, maze)
        changes = [
            replace(vector_field(policy, maze, corner.replace(" ", "_")).difference(baseline), name=f"{corner} vector")
            for corner in corners
        ]
        save_figure(fields_figure([baseline, *changes], policy="small"), arguments.figure)


def _rates(forward: SharedForward, maze: Maze, corners: list[str]) -> NDArray[np.float64]:
    """``(1 + K, K)``: how often each corner is reached, unsteered and under the vector of each."""
    chain = Chain.of(maze)
    steerings: dict[str, Intervention] = {"nothing": Steering()}
    steerings |= {corner: corner_vector(forward.policy, maze, corner=corner) for corner in corners}
    states = range(chain.states)
    cells = [chain.cells[state // 2] for state in states]
    probabilities = forward.at(maze, cells, chain.observations(states), steerings)
    places = []
    for corner in corners:
        place = np.zeros_like(maze.walls)
        place[maze.corners[corner]] = True
        places.append(place)
    return chain.reach(probabilities, places, HORIZON)


if __name__ == "__main__":
    main()
