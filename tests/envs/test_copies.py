"""Copies, pickles and snapshots of environments go on as the environment itself would."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, ResetNeeded

from steered_env import EditMaze, Maze, MazeEnv, MazeVectorEnv

COPIES: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))]
NAMES = ["copy", "deepcopy", "pickle"]


def episodes(env: Any, actions: np.ndarray) -> list[Any]:
    """All that an environment shows while actions are taken; a finished `MazeEnv` starts anew without a seed."""
    seen: list[Any] = []
    for action in actions:
        observation, *rest, info = env.step(action)
        seen += [observation, *rest, info["mouse"], info["reached_top_right"], info["level"]]
        if isinstance(env.unwrapped, MazeEnv) and (rest[1] or rest[2]):
            seen += [env.reset()[0]]
    return seen


def assert_same(first: list[Any], second: list[Any]) -> None:
    assert len(first) == len(second)
    assert all(np.array_equal(expected, other) for expected, other in zip(first, second, strict=True))


def small_env() -> MazeEnv:
    return MazeEnv(levels=range(300), sizes=[3, 5], cheese_region=2, mouse_anywhere=True, time_limit=20)


@pytest.mark.parametrize("copied", COPIES, ids=NAMES)
def test_a_copy_goes_on_as_the_environment_would(copied: Callable[[Any], Any]) -> None:
    env = small_env()
    env.reset(seed=3)
    env.action_space.seed(0)
    actions = np.random.default_rng(0).integers(0, 15, 80)
    episodes(env, actions[:30])
    other = copied(env)
    samples = [env.action_space.sample() for _ in range(5)]
    assert_same(episodes(env, actions), episodes(other, actions))
    assert samples == [other.action_space.sample() for _ in range(5)]
    env.close()
    other.reset() if other._episodes.finished[0] else other.step(4)  # its simulator is its own
    for unused in (copied(env), copied(small_env())):  # one closed, one never reset
        with pytest.raises((ClosedEnvironmentError, ResetNeeded)):
            unused.step(0)


@pytest.mark.parametrize("copied", COPIES[1:], ids=NAMES[1:])
def test_wrapped_environments_are_copied_whole(copied: Callable[[Any], Any]) -> None:
    env = gymnasium.make("steered_env/Maze-v0", levels=range(50), max_episode_steps=12, render_mode="rgb_array")
    env = EditMaze(env, Maze.without_cheese, Maze.with_top_right_path)
    env.reset(seed=3)
    env.step(7)
    other = copied(env)
    assert other.spec == env.spec
    assert np.array_equal(other.render(), env.render())
    actions = np.random.default_rng(0).integers(0, 15, 40)
    assert_same(episodes(env, actions), episodes(other, actions))


@pytest.mark.parametrize("copied", COPIES, ids=NAMES)
@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_a_copy_of_many_mazes(copied: Callable[[Any], Any], mode: str) -> None:
    envs = MazeVectorEnv(
        5, levels=range(300), sizes=[3, 5], edits=[Maze.with_top_right_path], until="either", time_limit=9,
        autoreset_mode=mode, threads=1,
    )  # fmt: skip
    envs.reset(seed=2)
    actions = np.random.default_rng(0).integers(0, 15, (60, 5))
    episodes(envs, actions[:20])
    other = copied(envs)
    assert_same(episodes(envs, actions), episodes(other, actions))
    assert other.mazes == envs.mazes


def test_a_snapshot_goes_back_in_time_and_into_another_environment() -> None:
    env, other = small_env(), small_env()
    env.reset(seed=3)
    actions = np.random.default_rng(1).integers(0, 15, 80)
    for length in (0, 7, 31):
        episodes(env, actions[:length])
        then = pickle.loads(pickle.dumps(env.snapshot()))
        expected = episodes(env, actions)
        for goes_on in (env, other):
            observation = goes_on.restore(then)
            assert observation.shape == (64, 64, 3)
            assert_same(episodes(goes_on, actions), expected)


def test_a_snapshot_at_the_end_of_an_episode_stays_there() -> None:
    env = MazeEnv()
    maze = Maze.from_text("..C\n.##\n>..")
    env.reset(options={"maze": maze.with_cheese((11, 12))})
    observation = env.step(7)[0]
    then = env.snapshot()
    env.reset()
    assert np.array_equal(env.restore(then), observation)
    with pytest.raises(ResetNeeded):
        env.step(7)


def test_bad_snapshots() -> None:
    env = MazeEnv()
    with pytest.raises(ResetNeeded):
        env.snapshot()
    envs = MazeVectorEnv(2)
    envs.reset(seed=0)
    with pytest.raises(ValueError, match="no snapshot of a MazeEnv"):
        env.restore(envs.snapshot())
    env.reset(seed=0)
    then = env.snapshot()
    with pytest.raises(ValueError, match="no snapshot of a MazeVectorEnv"):
        envs.restore(then)
    env.close()
    for use in (env.snapshot, lambda: env.restore(then)):
        with pytest.raises(ClosedEnvironmentError):
            use()
