from __future__ import annotations

import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor, VecTransposeImage

from steered_env import ImpalaPolicy, Maze, MazeEnv, SteeredPolicy
from steered_env.sb3.vec_env import MazeVecEnv

SETTINGS = {"levels": range(40), "sizes": [3, 5], "time_limit": 20, "cheese_region": 3}


@pytest.mark.filterwarnings("error::UserWarning")
def test_stable_baselines_checker_has_nothing_to_say() -> None:
    check_env(MazeEnv(levels=range(9), render_mode="rgb_array"))


def test_trajectories_are_those_of_a_dummy_vec_env() -> None:
    ours, theirs = MazeVecEnv(4, **SETTINGS), DummyVecEnv([lambda: MazeEnv(**SETTINGS)] * 4)
    generator = np.random.default_rng(0)
    assert ours.seed(3) == theirs.seed(3)
    assert np.array_equal(ours.reset(), theirs.reset())
    ended = 0
    for _ in range(150):
        actions = generator.integers(0, 15, 4)
        (a, b), names = (ours.step(actions), theirs.step(actions)), ("level", "mouse", "cheese", "reached_cheese")
        for mine, other in zip(a[:3], b[:3], strict=True):
            assert np.array_equal(mine, other)
        for mine, other in zip(a[3], b[3], strict=True):
            assert {n: mine[n] for n in names} == {n: other[n] for n in names}
            assert mine["TimeLimit.truncated"] == other["TimeLimit.truncated"]
            assert ("terminal_observation" in mine) == ("terminal_observation" in other)
            if "terminal_observation" in mine:
                assert np.array_equal(mine["terminal_observation"], other["terminal_observation"])
                ended += 1
    assert ended > 4


def test_running_mazes_can_be_edited(mazes: list[Maze]) -> None:
    env = MazeVecEnv(3, levels=0)
    env.set_options([{"level": 2}, {"maze": mazes[5]}, {}])
    env.reset()
    assert env.get_attr("level") == [2, 5, 0]
    env.step(np.array([7, 7, 7]))
    before = env.get_attr("mouse")
    edited = env.env_method("without_cheese", indices=[0, 1])
    assert [maze.cheese is None for maze in env.get_attr("maze")] == [True, True, False]
    assert env.get_attr("mouse") == before
    observations, _, _, infos = env.step(np.array([4, 4, 4]))
    assert np.array_equal(observations[0], edited[0].observe())
    assert [info["cheese"] is None for info in infos] == [True, True, False]
    assert env.env_method("path", mazes[0].start, mazes[0].corner, indices=2)[0][-1] == mazes[0].corner
    env.env_method("without_cheese", indices=[False, False, True])
    assert env.get_attr("cheese") == [None] * 3
    env.env_method("with_cheese", mazes[0].cheese, indices=-1)
    assert env.get_attr("cheese", indices=np.array([False, True, True])) == [None, mazes[0].cheese]
    env.set_attr("maze", mazes[7], indices=1)
    assert env.get_attr("maze", indices=1) == [mazes[7]]
    with pytest.raises(ValueError, match="cannot share cell"):
        env.env_method("with_cheese", env.get_attr("mouse")[2])
    env.reset()
    assert env.get_attr("cheese") == [mazes[0].cheese] * 3  # an edit of a running maze ends with its episode


def test_stable_baselines_wrappers_and_rendering() -> None:
    env = VecMonitor(VecTransposeImage(MazeVecEnv(2, levels=1, time_limit=9, render_mode="rgb_array")))
    assert env.reset().shape == (2, 3, 64, 64)
    done = [env.step(np.array([4, 4]))[3][0].get("episode") for _ in range(9)]
    assert done[:8] == [None] * 8
    assert done[8]["l"] == 9
    rendering = env.render()
    assert rendering is not None
    assert sorted(rendering.shape) == [3, 512, 1024]
    assert env.env_is_wrapped(VecMonitor) == [False, False]


def test_evaluate_policy_agrees_with_maze_env(reference_policy: ImpalaPolicy) -> None:
    steered = SteeredPolicy(reference_policy)
    rewards = [
        evaluate_policy(steered, env, n_eval_episodes=8, deterministic=True, warn=False, return_episode_rewards=True)[0]
        for env in (MazeVecEnv(1, levels=3, time_limit=40), MazeEnv(levels=3, time_limit=40))
    ]
    assert rewards[0] == rewards[1]


def test_bad_input() -> None:
    with pytest.raises(TypeError, match="leave autoreset_mode out"):
        MazeVecEnv(1, autoreset_mode="NextStep")
    with pytest.raises(ValueError, match="num_envs must be 1 to"):
        MazeVecEnv(0)
    with pytest.raises(ValueError, match="threads must be 0 to 1024, got -1"):
        MazeVecEnv(1, threads=-1)
    env = MazeVecEnv(2, levels=0)
    with pytest.raises(ResetNeeded):
        env.step(np.zeros(2, int))
    env.set_options({"levle": 3})
    with pytest.raises(ValueError, match="unknown reset option 'levle'; known are level, maze"):
        env.reset()
    env.set_options()
    env.reset()
    with pytest.raises(InvalidAction, match="0 to 14, got 99"):
        env.step(np.array([0, 99]))
    with pytest.raises(ResetNeeded, match="call step_async"):
        env.step_wait()
    with pytest.raises(IndexError, match="-2 to 1, got 2"):
        env.env_method("without_cheese", indices=2)
    with pytest.raises(AttributeError, match="no method 'without_chese'"):
        env.env_method("without_chese")
    with pytest.raises(AttributeError, match='only "maze" can be set'):
        env.set_attr("level", 3)
    with pytest.raises(TypeError, match="must return a Maze, got int"):
        env.set_attr("maze", 3)
    env.close()
    env.close()
