from __future__ import annotations

import numpy as np
import pytest

from steered_env import Maze
from steered_env.maze import ACTIONS_OF, DIRECTIONS
from steered_env.sb3.vec_env import MazeVecEnv
from steered_env.training.ppo.reward_shaping import ShapedReward

GAMMA = 0.97
LEVELS = range(40)


@pytest.fixture
def env() -> ShapedReward:
    mazes = MazeVecEnv(6, LEVELS, cheese_region=5, time_limit=60)
    mazes.seed(3)
    return ShapedReward(mazes, GAMMA)


def best_action(maze: Maze) -> int:
    assert maze.cheese is not None
    here, next_cell = maze.path(maze.mouse, maze.cheese)[:2]
    step = (next_cell[0] - here[0], next_cell[1] - here[1])
    return next(ACTIONS_OF[name][0] for name, way in DIRECTIONS.items() if way == step)


def test_a_shortest_path_is_worth_nothing_and_any_other_step_less(env: ShapedReward) -> None:
    env.reset()
    generator = np.random.default_rng(0)
    episodes = 0
    for _ in range(120):
        mazes = env.get_attr("maze")
        best = np.array([best_action(maze) for maze in mazes])
        stray = generator.random(6) < 0.3
        actions = np.where(stray, generator.integers(0, 15, 6), best)
        distances = [len(maze.path(maze.mouse, maze.cheese)) - 1 for maze in mazes]
        _, rewards, dones, _ = env.step(actions)
        for distance, reward, followed in zip(distances, rewards, ~stray, strict=True):
            if followed:
                assert reward == pytest.approx(0, abs=1e-5)
            else:
                wrong = [10 * GAMMA ** (distance - 1) * (factor - 1) for factor in (1, GAMMA, GAMMA**2)]
                assert any(reward == pytest.approx(value, abs=1e-5) for value in wrong)
        episodes += int(dones.sum())
    assert episodes > 6  # mazes that followed one another were shaped each by its own cheese
    env.close()


def test_returns_differ_from_the_plain_ones_by_what_depends_on_the_start_alone(env: ShapedReward) -> None:
    env.reset()
    generator = np.random.default_rng(1)
    starts = [10 * GAMMA ** (len(m.path(m.mouse, m.cheese)) - 2) for m in env.get_attr("maze")]
    shaped, plain, running = np.zeros(6), np.zeros(6), np.ones(6, bool)
    for step in range(60):
        mazes = env.get_attr("maze")
        actions = np.array([best_action(m) if generator.random() < 0.8 else generator.integers(15) for m in mazes])
        _, rewards, dones, infos = env.step(actions)
        shaped += running * GAMMA**step * rewards
        plain += running * [GAMMA**step * 10 * info["reached_cheese"] for info in infos]
        running &= ~dones
    ended = plain > 0
    assert ended.sum() >= 3
    assert shaped[ended] == pytest.approx(plain[ended] - np.array(starts)[ended], abs=1e-4)
    env.close()


def test_mazes_put_there_from_outside_are_looked_at(env: ShapedReward) -> None:
    env.reset()
    then = env.unwrapped.envs.snapshot()
    for _ in range(30):
        env.step(np.full(6, 5))
    env.unwrapped.envs.restore(then)
    env.look()
    _, rewards, _, _ = env.step(np.array([best_action(maze) for maze in env.get_attr("maze")]))
    assert rewards == pytest.approx(0, abs=1e-5)
    env.close()
