from __future__ import annotations

import os
import signal
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, InvalidAction, ResetNeeded
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import NormalizeReward, RecordEpisodeStatistics

from steered_env import Maze, MazeEnv, MazeVectorEnv

MODES = list(AutoresetMode)


def shared(info: dict) -> dict:
    """What both kinds of vector environment say, as plain lists."""
    return {
        name: [tuple(v) if isinstance(v, (list, tuple)) else v for v in info[name].tolist()]
        for name in ("level", "mouse", "reached_cheese", "reached_top_right")
        if name in info
    }


def play(envs: gymnasium.vector.VectorEnv, steps: int, seed: int) -> list[tuple]:
    """A trajectory under random actions, finished mazes reset by mask where autoreset is disabled."""
    generator = np.random.default_rng(seed)
    observations, info = envs.reset(seed=seed)
    seen = [(observations.copy(), shared(info))]
    for _ in range(steps):
        actions = generator.integers(0, 15, envs.num_envs)
        observations, rewards, ends, cuts, info = envs.step(actions)
        final = [None if f is None else f.tobytes() for f in info.get("final_obs", [])]
        last = shared(info["final_info"])["mouse"] if "final_info" in info else None
        over = [] if last is None else [last[i] for i in np.flatnonzero(info["_final_info"])]
        seen.append((observations.copy(), rewards.copy(), ends.copy(), cuts.copy(), shared(info), final, over))
        if envs.metadata["autoreset_mode"] is AutoresetMode.DISABLED and (ends | cuts).any():
            observations, info = envs.reset(options={"reset_mask": ends | cuts})
            seen.append((observations.copy(),))
    return seen


@pytest.mark.parametrize("mode", MODES)
def test_trajectories_are_those_of_maze_env(mode: AutoresetMode) -> None:
    settings = {
        "levels": range(40),
        "sizes": [3, 5],
        "time_limit": 25,
        "until": "either",
        "cheese_region": 3,
        "mouse_anywhere": True,
    }
    ours = MazeVectorEnv(4, autoreset_mode=mode, **settings)
    theirs = SyncVectorEnv([lambda: MazeEnv(**settings)] * 4, autoreset_mode=mode)
    for step, (a, b) in enumerate(zip(play(ours, 150, 7), play(theirs, 150, 7), strict=True)):
        for ours_shown, other in zip(a, b, strict=True):
            if isinstance(ours_shown, np.ndarray):
                assert np.array_equal(ours_shown, other), step
            else:
                assert ours_shown == other, step
    assert any(entry[2].any() for entry in play(ours, 60, 1)[1:] if len(entry) > 1)


@pytest.mark.parametrize("mode", MODES)
def test_a_snapshot_goes_on_in_another_environment(mode: AutoresetMode) -> None:
    settings = {"sizes": [3, 5], "time_limit": 12, "until": "either", "cheese_region": 2, "autoreset_mode": mode}
    ours, other = MazeVectorEnv(3, **settings), MazeVectorEnv(3, **settings)
    play(ours, 31, 4)
    drawn = Maze.from_text("..C\n.#.\n>#.")
    ours.reset(options={"mazes": [drawn, None, None]})
    ours.edit_running(Maze.without_cheese, [1])
    actions = np.random.default_rng(0).integers(0, 15, (40, 3))
    if mode is AutoresetMode.DISABLED:
        actions = actions[:5]
    for action in actions[:3]:
        ours.step(action)
    snapshot = ours.snapshot()
    observations = other.restore(snapshot)
    assert other.mazes == ours.mazes
    assert np.array_equal(observations, np.stack([maze.observe() for maze in ours.mazes]))
    for action in actions[3:]:
        for a, b in zip(ours.step(action)[:4], other.step(action)[:4], strict=True):
            assert np.array_equal(a, b)
    assert other.mazes == ours.mazes


def test_a_snapshot_needs_as_many_mazes() -> None:
    envs = MazeVectorEnv(2)
    with pytest.raises(ResetNeeded):
        envs.snapshot()
    envs.reset()
    with pytest.raises(ValueError, match="holds 2 mazes, this environment 3"):
        MazeVectorEnv(3).restore(envs.snapshot())


def after_fork(envs: MazeVectorEnv) -> str:
    """What a forked process, killed after a minute, says of two steps: the sum of the observations, or the error."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(60)
        try:
            envs.edit_running(lambda maze: maze)
            envs.step(np.array([7, 5]))
            answer = str(int(envs.step(np.array([5, 7]))[0].sum()))
            envs.close()
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return answer


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_use_after_a_fork() -> None:
    envs, threaded = MazeVectorEnv(2), MazeVectorEnv(2, threads=2)
    for each in (envs, threaded):
        each.reset(seed=0)
    answer = after_fork(envs)
    envs.step(np.array([7, 5]))
    assert answer == str(int(envs.step(np.array([5, 7]))[0].sum()))
    assert after_fork(threaded) == answer
    threaded.step(np.array([7, 5]))
    assert answer == str(int(threaded.step(np.array([5, 7]))[0].sum()))


def test_episodes_do_not_depend_on_the_number_of_mazes() -> None:
    few, many = MazeVectorEnv(2, cheese_region=5), MazeVectorEnv(9, cheese_region=5)
    assert np.array_equal(few.reset(seed=5)[0], many.reset(seed=5)[0][:2])
    assert np.array_equal(few.reset()[0], many.reset()[0][:2])
    for actions in np.random.default_rng(0).integers(0, 15, (30, 9)):
        for of_few, of_many in zip(few.step(actions[:2])[:4], many.step(actions)[:4], strict=True):
            assert np.array_equal(of_few, of_many[:2])


def test_made_by_gymnasium() -> None:
    envs = gymnasium.make_vec("steered_env/Maze-v0", num_envs=5, levels=range(3), autoreset_mode="SameStep")
    assert isinstance(envs, MazeVectorEnv)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    observations, info = envs.reset(seed=0)
    assert observations in envs.observation_space
    assert set(info["level"]) <= {0, 1, 2}
    sync = gymnasium.make_vec("steered_env/Maze-v0", num_envs=2, vectorization_mode="sync")
    assert isinstance(sync, SyncVectorEnv)


@pytest.mark.parametrize(("given", "limit"), [({"max_episode_steps": 4}, 4), ({"time_limit": 3}, 3)])
def test_time_limits_by_either_name(given: dict[str, Any], limit: int) -> None:
    single = gymnasium.make("steered_env/Maze-v0", levels=0, **given)
    envs = gymnasium.make_vec("steered_env/Maze-v0", num_envs=2, levels=0, **given)
    spec = gymnasium.make_vec(envs.unwrapped.spec)
    for env, stay in ((single, 4), (envs, np.array([4, 4])), (spec, np.array([4, 4]))):
        env.reset(seed=0)
        assert [bool(np.all(env.step(stay)[3])) for _ in range(limit)] == [False] * (limit - 1) + [True]
    lower = MazeVectorEnv(1, levels=0, time_limit=2, max_episode_steps=9)
    lower.reset(seed=0)
    assert [bool(lower.step(np.array([4]))[3][0]) for _ in range(2)] == [False, True]


def test_options(mazes: list[Maze]) -> None:
    envs = MazeVectorEnv(3, edits=[Maze.with_top_right_path])
    _, info = envs.reset(seed=0, options={"levels": [7, None, 2]})
    assert info["level"][[0, 2]].tolist() == [7, 2]
    drawn = Maze.from_text("..C\n.#.\n>#.")
    observations, info = envs.reset(options={"mazes": [mazes[3], drawn, None], "edits": [Maze.without_cheese]})
    assert envs.mazes[0] == mazes[3].with_top_right_path().without_cheese()
    assert np.array_equal(observations[1], drawn.with_top_right_path().without_cheese().observe())
    assert info["_level"].tolist() == [True, False, True]
    assert info["_cheese"].tolist() == [False] * 3
    assert (info["cheese"] == -1).all()


@pytest.mark.parametrize(
    ("indices", "edited"),
    [
        (np.array([False, False, True]), [2]),
        ([True, False, True], [0, 2]),
        (np.zeros(3, bool), []),
        (np.array([1, -1]), [1, 2]),
        (iter([0]), [0]),
        (2, [2]),
        ((), []),
        (None, [0, 1, 2]),
    ],
)
def test_running_mazes_are_edited_by_number_or_mask(indices: Any, edited: list[int]) -> None:
    envs = MazeVectorEnv(3, levels=0)
    envs.reset()
    envs.edit_running(Maze.without_cheese, indices)
    assert [index for index, maze in enumerate(envs.mazes) if maze.cheese is None] == edited


@pytest.mark.parametrize(
    ("indices", "error", "message"),
    [
        ([9], IndexError, "-3 to 2, got 9"),
        ([0, -4], IndexError, "-3 to 2, got -4"),
        (np.array([True, False]), IndexError, "one bool for each of 3, got 2"),
        ([True, 1, 2], TypeError, "whole number, got True"),
        ([0.5], TypeError, "whole number, got 0.5"),
    ],
)
def test_mazes_that_are_not_there_cannot_be_edited(indices: Any, error: type[Exception], message: str) -> None:
    envs = MazeVectorEnv(3, levels=0)
    envs.reset()
    with pytest.raises(error, match=message):
        envs.edit_running(Maze.without_cheese, indices)
    assert all(maze.cheese for maze in envs.mazes)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_edits_last_across_autoresets(mode: AutoresetMode) -> None:
    envs = MazeVectorEnv(3, levels=range(50), time_limit=2, edits=[Maze.without_cheese], autoreset_mode=mode)
    envs.reset(seed=0)
    levels = set()
    for _ in range(9):
        info = envs.step(np.full(3, 4))[4]
        levels |= set(info["level"].tolist())
        assert not info["_cheese"].any()
        assert all(maze.cheese is None for maze in envs.mazes)
    assert len(levels) > 4


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_gymnasiums_vector_wrappers(mode: AutoresetMode) -> None:
    envs = NormalizeReward(RecordEpisodeStatistics(MazeVectorEnv(4, levels=1, time_limit=30, autoreset_mode=mode)))
    envs.reset(seed=0)
    lengths: list[int] = []
    for _ in range(80):
        info = envs.step(envs.action_space.sample())[4]
        episode = info.get("episode") or info.get("final_info", {}).get("episode")
        if episode is not None:
            lengths += episode["l"][episode["l"] > 0].tolist()
    assert lengths
    assert max(lengths) <= 30


def test_render_and_threads(mazes: list[Maze]) -> None:
    envs = MazeVectorEnv(2, levels=2, render_mode="rgb_array", threads=2)
    envs.reset()
    renderings = envs.render()
    assert renderings is not None
    assert np.array_equal(renderings[1], mazes[2].render())
    assert MazeVectorEnv(1).render() is None


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"num_envs": 0}, ValueError, "num_envs must be 1 to 65536, got 0"),
        ({"num_envs": 10**6}, ValueError, "num_envs must be 1 to 65536, got 1000000"),
        ({"threads": -1}, ValueError, "threads must be 0 to 1024, got -1"),
        ({"threads": 100_000}, ValueError, "threads must be 0 to 1024, got 100000"),
        ({"threads": 1.5}, TypeError, "threads must be a whole number, got 1.5"),
        ({"threads": True}, TypeError, "threads must be a whole number, got True"),
        ({"num_envs": 1.5}, TypeError, "num_envs must be a whole number"),
        ({"max_episode_steps": 0}, ValueError, "max_episode_steps must be ≥ 1"),
        ({"autoreset_mode": "Never"}, ValueError, "Never"),
    ],
)
def test_bad_arguments(arguments: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        MazeVectorEnv(**arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"options": {"level": 3}}, ValueError, "unknown reset option 'level'"),
        ({"options": {"levels": [3]}}, ValueError, "one for each of 2 mazes, got 1"),
        ({"options": {"levels": [3, -1]}}, ValueError, "level must be ≥ 0"),
        ({"options": {"levels": [None, 2], "mazes": [None, Maze.from_level(0)]}}, ValueError, "got both for maze 1"),
        ({"options": {"mazes": [3, 4]}}, TypeError, "must be a Maze, got int"),
        ({"options": {"edits": [3]}}, TypeError, "an edit is a function"),
        ({"options": {"reset_mask": [True, False]}}, ValueError, "reset_mask must be a bool array"),
        ({"options": {"reset_mask": np.zeros(2, bool)}}, ValueError, "at least one maze"),
        ({"options": {"levels": 3}}, TypeError, "levels must be a list with one for each of 2 mazes, got 3"),
        ({"options": {"levels": (level for level in [3, 4])}}, TypeError, "levels must be a list .*, got <generator"),
        ({"options": {"mazes": Maze.from_level(0)}}, TypeError, "mazes must be a list with one for each of 2 mazes"),
        ({"seed": [1]}, ValueError, "one for each of 2 mazes, got 1"),
        ({"seed": 1.5}, TypeError, "seed must be a whole number, got 1.5"),
        ({"seed": True}, TypeError, "seed must be a whole number, got True"),
        ({"seed": [1, -1]}, ValueError, "seed must be ≥ 0, got -1"),
        ({"seed": [1, 0.5]}, TypeError, "seed must be a whole number, got 0.5"),
    ],
)
def test_bad_resets(arguments: dict, error: type[Exception], message: str) -> None:
    envs = MazeVectorEnv(2, levels=0)
    with pytest.raises(error, match=message):
        envs.reset(**arguments)
    envs.reset()  # still alive


def test_seeds_and_levels_of_numpys() -> None:
    envs = MazeVectorEnv(2, levels=range(100))
    expected = envs.reset(seed=3)[1]["level"]
    for seed in (np.int64(3), [3, 4], np.array([3, 4])):
        assert np.array_equal(envs.reset(seed=seed)[1]["level"], expected)
    assert envs.reset(options={"levels": np.array([7, 2])})[1]["level"].tolist() == [7, 2]


def test_bad_steps() -> None:
    envs = MazeVectorEnv(2, levels=0, time_limit=1, autoreset_mode=AutoresetMode.DISABLED)
    with pytest.raises(ResetNeeded, match="never reset"):
        envs.step(np.zeros(2, int))
    with pytest.raises(ResetNeeded, match="never reset"):
        _ = envs.mazes
    envs.reset()
    for actions, message in (
        (np.zeros(3, int), r"shape \(2,\), got int64 of shape \(3,\)"),
        (np.zeros(2), "got float64"),
        (np.array([0, 15]), "0 to 14, got 15"),
        (np.array([-1, 0]), "0 to 14, got -1"),
    ):
        with pytest.raises(InvalidAction, match=message):
            envs.step(actions)
    envs.step(np.zeros(2, int))
    with pytest.raises(ResetNeeded, match=r"episodes of mazes \[0, 1\] are over"):
        envs.step(np.zeros(2, int))
    envs.close()
    envs.close()
    with pytest.raises(ClosedEnvironmentError):
        envs.reset()
