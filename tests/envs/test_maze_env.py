from __future__ import annotations

import itertools
import warnings
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import pandas as pd
import pytest
from gymnasium.error import ClosedEnvironmentError, InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import check_env

from steered_env import Maze, MazeEnv
from steered_env.maze import DIRECTIONS, MOVE_OF_ACTION, actions_between
from steered_env.simulator import draw_observations


def walk(env: gymnasium.Env, maze: Maze, goal: tuple[int, int]) -> tuple:
    """Walk from the mouse to a goal; the last step's return."""
    path = maze.path(maze.mouse, goal)
    result = None
    for here, next_cell in pairwise(path):
        result = env.step(actions_between(here, next_cell)[0])
    assert result is not None
    return result


def test_gymnasiums_checker_has_nothing_to_say() -> None:
    env = gymnasium.make("steered_env/Maze-v0", levels=range(50), render_mode="rgb_array")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)


def test_last_observation_is_the_true_one() -> None:
    env = MazeEnv()
    for level in range(8):
        _, info = env.reset(options={"level": level})
        maze = info["maze"]
        observation, reward, terminated, truncated, info = walk(env, maze, maze.cheese)
        facing = info["maze"].facing_right
        expected = maze.without_cheese().with_mouse(maze.cheese, facing)
        assert (reward, terminated, truncated) == (10.0, True, False)
        assert (info["mouse"], info["cheese"], info["reached_cheese"]) == (maze.cheese, None, True)
        assert info["maze"] == expected
        assert np.array_equal(observation, draw_observations([expected])[0])
    env.close()


def test_every_observation_is_procgens_of_that_state(mazes: list[Maze]) -> None:
    env = MazeEnv(edits=[Maze.with_top_right_path])
    generator = np.random.default_rng(1)
    for level in (0, 2, 17):
        observation, info = env.reset(options={"level": level})
        for action in generator.integers(0, 15, 60):
            assert np.array_equal(observation, info["maze"].observe())
            before = info["maze"]
            observation, reward, terminated, _, info = env.step(action)
            moved = np.subtract(info["mouse"], before.mouse)
            assert tuple(moved) in ((0, 0), MOVE_OF_ACTION[action])
            assert reward == (10.0 if info["reached_cheese"] else 0.0)
            if terminated:
                break
        if not terminated:
            env._episodes.mazes.check(0)


def test_seeded_resets_repeat() -> None:
    a, b = MazeEnv(cheese_region=5), MazeEnv(cheese_region=5)
    for env in (a, b):
        env.reset(seed=3)
    first = [a.reset()[1]["maze"] for _ in range(6)]
    assert first == [b.reset()[1]["maze"] for _ in range(6)]
    assert len({maze.level for maze in first}) > 1
    assert a.reset(seed=3)[1]["maze"] != a.reset(seed=4)[1]["maze"]


def test_levels_to_choose_from() -> None:
    env = MazeEnv(levels=[4, 9])
    env.reset(seed=0)
    assert {env.reset()[1]["level"] for _ in range(20)} == {4, 9}
    assert MazeEnv(levels=7).reset()[1]["level"] == 7
    assert MazeEnv(levels=range(5, 6)).reset()[1]["level"] == 5
    assert MazeEnv(levels=np.arange(3, 4)).reset()[1]["level"] == 3
    assert MazeEnv(levels=range(100), sizes=[5]).reset(seed=1)[1]["maze"].size == 5


def test_a_level_or_a_maze_at_reset(mazes: list[Maze]) -> None:
    env = MazeEnv(levels=0)
    assert env.reset(options={"level": 7})[1]["maze"] == mazes[7]
    edited = mazes[3].without_cheese()
    observation, info = env.reset(options={"maze": edited})
    assert info["maze"] == edited
    assert np.array_equal(observation, edited.observe())
    assert info["cheese"] is None
    drawn = Maze.from_text("..C\n.#.\n>#.")
    assert env.reset(options={"maze": drawn})[1]["level"] is None


def test_cheese_region() -> None:
    env = MazeEnv(cheese_region=3)
    env.reset(seed=0)
    for level in [*range(12), 17]:
        info = env.reset(options={"level": level})[1]
        maze = info["maze"]
        assert maze.top_right_region(3)[maze.cheese]
        assert maze.cheese != maze.start
    assert len({env.reset(options={"level": 17})[1]["cheese"] for _ in range(20)}) > 1


def test_a_mouse_anywhere() -> None:
    env = MazeEnv(levels=17, cheese_region=2, mouse_anywhere=True)
    env.reset(seed=0)
    mazes = [env.reset()[1]["maze"] for _ in range(300)]
    assert all(maze.top_right_region(2)[maze.cheese] for maze in mazes)
    assert {maze.facing_right for maze in mazes} == {False, True}
    open_cells = {(int(row), int(col)) for row, col in np.argwhere(~mazes[0].walls)}
    assert {maze.mouse for maze in mazes} <= open_cells
    assert len({maze.mouse for maze in mazes}) > 0.5 * min(len(open_cells), 300)
    chosen = Maze.from_level(17)
    assert env.reset(options={"maze": chosen})[1]["maze"] == chosen


def test_until_either() -> None:
    for until, ends in (("cheese", False), ("either", True)):
        env = MazeEnv(until=until)  # type: ignore[arg-type]
        maze = env.reset(options={"level": 0})[1]["maze"]
        _, reward, terminated, _, info = walk(env, maze, maze.corner)
        assert (reward, terminated, info["reached_top_right"]) == (0.0, ends, True)
        if not ends:
            assert env.step(0)[4]["reached_top_right"]


def test_time_limit() -> None:
    for limit in (500, 3):
        env = MazeEnv(levels=0, time_limit=limit) if limit != 500 else MazeEnv(levels=0)
        env.reset()
        ends = [env.step(4)[2:4] for _ in range(limit)]
        assert ends == [(False, False)] * (limit - 1) + [(False, True)]
        with pytest.raises(ResetNeeded, match="the episode is over; call reset"):
            env.step(4)
        env.reset()
        env.step(4)


def test_render(mazes: list[Maze]) -> None:
    env = MazeEnv(levels=2, render_mode="rgb_array")
    with pytest.raises(ResetNeeded):
        env.render()
    env.reset()
    assert np.array_equal(env.render(), mazes[2].render())
    info = env.step(7)[4]
    assert np.array_equal(env.render(), info["maze"].render())
    assert MazeEnv().render() is None


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"levels": -1}, ValueError, "level must be ≥ 0, got -1"),
        ({"levels": [3, 1.5]}, TypeError, "level must be a whole number, got 1.5"),
        ({"levels": range(-5, 5)}, ValueError, "level must be ≥ 0, got -5"),
        ({"levels": []}, ValueError, "at least one level"),
        ({"levels": range(0)}, ValueError, "at least one level"),
        ({"levels": "7"}, TypeError, "whole number.*, got '7'"),
        ({"levels": (level for level in [3])}, TypeError, r"got <generator.*list\("),
        ({"levels": {3, 4}}, TypeError, r"got \{3, 4\}.*list\("),
        ({"levels": np.array([1.5])}, TypeError, "level must be a whole number, got 1.5"),
        ({"levels": np.array(True)}, TypeError, "whole number.*, got array"),
        ({"sizes": 5}, TypeError, r"such as \[5\], got 5"),
        ({"sizes": []}, ValueError, "at least one size"),
        ({"sizes": [4]}, ValueError, "size must be odd"),
        ({"cheese_region": 0}, ValueError, "cheese_region must be 1 to 25, got 0"),
        ({"cheese_region": 2.5}, TypeError, "cheese_region must be a whole number"),
        ({"until": "corner"}, ValueError, 'until must be "cheese" or "either"'),
        ({"time_limit": 0}, ValueError, "time_limit must be ≥ 1"),
        ({"render_mode": "human"}, ValueError, "render_mode must be"),
        ({"edits": [3]}, TypeError, "an edit is a function"),
    ],
)
def test_bad_arguments(arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        MazeEnv(**arguments)


@pytest.mark.parametrize("levels", [np.array([3, 3]), np.array(3), np.int64(3), pd.Series([3, 3], index=[7, 9]), (3,)])
def test_levels_in_arrays(levels: Any) -> None:
    assert MazeEnv(levels=levels).reset()[1]["level"] == 3


def test_seeds_of_numpys() -> None:
    env = MazeEnv()
    assert env.reset(seed=np.int64(3))[1]["level"] == env.reset(seed=3)[1]["level"]
    for seed, error in ((True, TypeError), (1.5, TypeError), (-1, ValueError)):
        with pytest.raises(error, match="seed must be"):
            env.reset(seed=seed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"levle": 3}, ValueError, "unknown reset option 'levle'; known are level, maze, edits"),
        ({"level": -2}, ValueError, "level must be ≥ 0, got -2"),
        ({"level": 1, "maze": Maze.from_level(0)}, ValueError, "got both"),
        ({"maze": 3}, TypeError, "must be a Maze, got int"),
        ({"level": 0, "edits": [str]}, TypeError, "the edit str must return a Maze, got str"),
        ({"level": 1, "edits": [lambda m: m.with_cheese((0, 0))]}, ValueError, "is a wall"),
    ],
)
def test_bad_reset_options(options: dict, error: type[Exception], message: str) -> None:
    env = MazeEnv(levels=0)
    env.reset()
    with pytest.raises(error, match=message):
        env.reset(options=options)
    env.reset()  # still alive


def test_bad_steps() -> None:
    env = MazeEnv(levels=0)
    with pytest.raises(ResetNeeded, match="never reset"):
        env.step(0)
    env.reset()
    for action in (-1, 15, 2.0, None, [3]):
        with pytest.raises(InvalidAction, match="0 to 14"):
            env.step(action)  # type: ignore[arg-type]
    env.close()
    env.close()
    with pytest.raises(ClosedEnvironmentError, match="make a new one"):
        env.reset()


def test_levels_are_drawn_until_one_has_the_size() -> None:
    """As if each were looked at anew."""
    levels = range(30)
    env, by_hand = MazeEnv(levels=levels, sizes=[5]), np.random.default_rng(3)
    env.reset(seed=3)
    drawn = [env.reset()[1]["level"] for _ in range(20)]
    sizes = [maze.size for maze in Maze.from_levels(levels)]
    numbers = iter(lambda: levels[int(by_hand.integers(len(levels)))], None)
    expected = [level for level in itertools.islice(numbers, 1000) if sizes[level] == 5]
    assert drawn == expected[1:21]


def test_no_level_of_the_size() -> None:
    with pytest.raises(ValueError, match=r"has a size in \[25\]"):
        MazeEnv(levels=[0], sizes=[25]).reset()


def test_meanings_and_keys_are_what_the_mouse_does() -> None:
    env = gymnasium.make("steered_env/Maze-v0", levels=0).unwrapped
    meanings = env.get_action_meanings()
    for action, meaning in enumerate(meanings):
        assert MOVE_OF_ACTION[action] == DIRECTIONS.get(meaning.lower(), (0, 0))
    assert meanings[4] == "NOOP"
    keys = env.get_keys_to_action()
    expected = {"a": "LEFT", "s": "DOWN", "w": "UP", "d": "RIGHT"}
    assert {key: meanings[keys[key,]] for key in expected} == expected
    # the arrows of SDL: right, left, down, up
    assert [meanings[keys[2**30 + 79 + arrow,]] for arrow in range(4)] == ["RIGHT", "LEFT", "DOWN", "UP"]
