"""``python -m benchmarks.reading``: what is read from activations, as docs/reading.md has it."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from evaluation.results import save_figure
from steered_env import (
    Maze,
    ablation_effects,
    activations,
    attribution,
    channels_that_track,
    linear_probe,
    load_policy,
    maps_figure,
    rank_agreement,
)
from steered_env.maze import actions_between
from steered_env.simulator import draw_observations
from steered_env.steering import DEFAULT_LAYER


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--levels", type=int, default=200, help="how many levels are read")
    parser.add_argument("--figure", type=Path, help="draw the channels that track the cheese")
    arguments = parser.parse_args()
    policy = load_policy()
    mazes = [maze for maze in Maze.from_levels(range(arguments.levels)) if maze.cheese]
    read = activations(policy, mazes)[DEFAULT_LAYER]
    cells = [maze.cheese for maze in mazes if maze.cheese]
    tracking = channels_that_track(read, cells)
    print(tracking.head(4).round(2), "\n")

    observations = draw_observations(mazes)
    middle = (np.array([maze.corner for maze in mazes]) + [maze.start for maze in mazes]) / 2
    for thing, targets in {
        "the cheese is in the upper half": np.array(cells)[:, 0] > middle[:, 0],
        "the cheese is in the right half": np.array(cells)[:, 1] > middle[:, 1],
        "the maze's size": np.array([float(maze.size) for maze in mazes]),
    }.items():
        probe = linear_probe(read, targets, observations=observations)
        print(f"| {thing} | {probe.score:.2f} | {probe.control:.2f} | {probe.chance:.2f} |")

    agreements: dict[str, list[float]] = {"gradient": [], "integrated": []}
    for maze in [maze for maze in mazes if maze.decision_square][:20]:
        assert maze.decision_square is not None
        assert maze.cheese is not None
        here = maze.with_mouse(maze.decision_square)
        chosen = actions_between(*here.path(here.mouse, maze.cheese)[:2])
        exact = ablation_effects(policy, here, here.without_cheese(), actions=chosen)
        for method, found in agreements.items():
            part = attribution(policy, here, here.without_cheese(), actions=chosen, method=method)  # type: ignore[arg-type]
            found.append(rank_agreement(part, exact))
    for method, found in agreements.items():
        print(f"\n{method}: rank agreement {np.mean(found):.2f}, {np.min(found):.2f} to {np.max(found):.2f}")
    if arguments.figure:
        maze = Maze.from_level(27)
        save_figure(
            maps_figure(activations(policy, [maze])[DEFAULT_LAYER][0], maze, tracking.index[:4].tolist()),
            arguments.figure,
        )


if __name__ == "__main__":
    main()
