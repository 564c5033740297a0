"""The expected time in each cell."""

from __future__ import annotations

import imageio.v3 as iio
import numpy as np
import pytest

from evaluation import UniformPolicy, evaluate, occupancy
from steered_env import ImpalaPolicy, Maze, MazeEnv, SteeredPolicy


def test_a_corridor_by_hand() -> None:
    """A uniform mouse in two cells goes to the other one with 3/15, and else stays."""
    maze = Maze.from_level(6).without_cheese()
    closed = np.ones_like(maze.walls)
    row, col = maze.start
    closed[row, col : col + 2] = False
    corridor = maze.with_open([(row, col + 1)]).with_walls(
        [(int(r), int(c)) for r, c in np.argwhere(closed & ~maze.walls)]
    )
    found = occupancy(UniformPolicy(), corridor, horizon=3)
    by_hand, place = np.zeros(2), np.array([1.0, 0.0])
    for _ in range(3):
        by_hand += place
        place = place @ np.array([[0.8, 0.2], [0.2, 0.8]])
    assert found.time[row, col : col + 2] == pytest.approx(by_hand)
    assert found.steps == pytest.approx(3)
    assert np.isnan(found.time[closed]).all()


def test_it_is_what_sampled_episodes_do(small: ImpalaPolicy) -> None:
    maze, horizon, episodes = Maze.from_level(26), 24, 40
    exact = occupancy(small, maze, horizon=horizon)
    steered, steps = SteeredPolicy(small, seed=0), []
    env = MazeEnv(time_limit=horizon)
    for _ in range(episodes):
        observation, _ = env.reset(options={"maze": maze})
        over, taken = False, 0
        while not over:
            observation, _, terminated, truncated, _ = env.step(int(steered.predict(observation)[0]))
            over, taken = terminated or truncated, taken + 1
        steps.append(taken)
    env.close()
    spread = max(float(np.std(steps)), 0.5) / np.sqrt(episodes)
    assert abs(exact.steps - np.mean(steps)) < 4 * spread


def test_it_ends_as_the_rates_say(small: ImpalaPolicy) -> None:
    """An episode that does not reach the cheese takes the whole horizon."""
    maze = Maze.from_level(6)
    rate = evaluate(small, mazes=[maze], conditions=["-cheese"]).frame["reach_cheese"].item()
    steered, none = occupancy(small, maze, "-cheese"), occupancy(small, maze.without_cheese())
    assert none.steps == pytest.approx(256, abs=1e-3)
    assert 256 * (1 - rate) - 1e-3 <= steered.steps <= 256
    assert steered.error_bound <= 1e-6
    everywhere = occupancy(small, maze, "-cheese", tolerance=0)
    assert np.nanmax(np.abs(everywhere.time - steered.time)) < 256 * 1e-6 + 1e-9
    assert iio.imread(steered._repr_png_(), extension=".png").shape[0] > 200


def test_bad_input_is_named(small: ImpalaPolicy) -> None:
    maze = Maze.from_level(6)
    with pytest.raises(ValueError, match="horizon must be ≥ 1, got 0"):
        occupancy(small, maze, horizon=0)
    with pytest.raises(ValueError, match="tolerance must be 0 to 1, got 2"):
        occupancy(small, maze, tolerance=2)
