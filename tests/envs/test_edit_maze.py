from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit

from steered_env import EditMaze, Maze


def test_edits_last_through_every_kind_of_reset(mazes: list[Maze]) -> None:
    env = EditMaze(gymnasium.make("steered_env/Maze-v0", levels=range(9)), Maze.without_cheese)
    carved = mazes[2].with_top_right_path()
    for arguments in ({}, {"seed": 3}, {"options": {"level": 5}}, {"options": {"maze": carved}}):
        observation, info = env.reset(**arguments)
        assert info["cheese"] is None
        assert np.array_equal(observation, info["maze"].observe())
    assert not info["maze"].walls[24, 24]
    assert env.unwrapped.reset(options={"level": 5})[1]["cheese"] is not None  # the inner one is untouched


def test_inner_edits_come_first_and_other_wrappers_fit_between() -> None:
    seen = []

    def note(name: str):
        return lambda maze: seen.append(name) or maze

    env = gymnasium.make("steered_env/Maze-v0", levels=0, edits=[note("constructor")])
    env = EditMaze(env, note("inner"), note("inner 2"))
    env = EditMaze(RecordEpisodeStatistics(TimeLimit(env, 20)), note("outer"))
    env.reset(options={"edits": [note("option")]})
    assert seen == ["constructor", "inner", "inner 2", "outer", "option"]


def test_the_checker_only_says_that_it_is_a_wrapper() -> None:
    env = EditMaze(gymnasium.make("steered_env/Maze-v0", levels=range(5), render_mode="rgb_array"), Maze.without_cheese)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(env)
    messages = [
        str(warning.message)
        for warning in caught
        if "steered" in str(warning.message) or "WARN" in str(warning.message)
    ]
    assert len(messages) == 1
    assert "different from the unwrapped version" in messages[0]


def test_its_spec_makes_it_again() -> None:
    env = EditMaze(gymnasium.make("steered_env/Maze-v0", levels=0), Maze.without_cheese, Maze.with_top_right_path)
    again = gymnasium.make(env.spec)
    assert isinstance(again, EditMaze)
    assert again.reset()[1]["maze"] == env.reset()[1]["maze"]
    assert again.reset()[1]["maze"] == Maze.from_level(0).without_cheese().with_top_right_path()


def test_bad_arguments() -> None:
    with pytest.raises(TypeError, match="EditMaze wraps a MazeEnv"):
        EditMaze(gymnasium.make("CartPole-v1"), Maze.without_cheese)
    with pytest.raises(TypeError, match="an edit is a function"):
        EditMaze(gymnasium.make("steered_env/Maze-v0"), "without_cheese")  # type: ignore[arg-type]
