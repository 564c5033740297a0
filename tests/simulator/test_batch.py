from __future__ import annotations

import multiprocessing
import os
import pickle
import threading

import numpy as np
import pytest
from procgen import ProcgenGym3Env

from steered_env import Maze
from steered_env.envs import RunningMazes
from steered_env.simulator import MAX_LEVEL, MazeBatch, MazeState, draw_observations, load_levels


@pytest.mark.parametrize("level", [0, 7, 123_456, MAX_LEVEL])
def test_levels_are_those_of_an_environment_built_for_them(level: int) -> None:
    built = ProcgenGym3Env(
        num=1, env_name="maze", distribution_mode="hard", start_level=level, num_levels=1, num_threads=0
    )
    state = load_levels([level])[0]
    assert np.array_equal(built.observe()[1]["rgb"], draw_observations([MazeState.decode(state)]))
    mine, theirs = MazeState.decode(state), MazeState.decode(built.get_state()[0])
    assert np.array_equal(mine.walls, theirs.walls)
    assert (mine.cheese, mine.mouse, mine.level) == (theirs.cheese, theirs.mouse, theirs.level)


def test_a_level_does_not_depend_on_the_levels_beside_it() -> None:
    together = load_levels([5, 900_000, 17, 5])
    alone = [load_levels([level])[0] for level in (5, 900_000, 17, 5)]
    for a, b in zip(together, alone, strict=True):
        assert np.array_equal(draw_observations([MazeState.decode(a)]), draw_observations([MazeState.decode(b)]))


def test_many_levels_are_few_batch_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    plain = MazeBatch.step
    monkeypatch.setattr(MazeBatch, "step", lambda self, actions: steps.append(self.num) or plain(self, actions))
    assert len(Maze.from_levels(range(300))) == 300
    assert len(steps) <= 3


def test_one_maze_of_a_batch_can_be_set_alone() -> None:
    batch = MazeBatch(3)
    batch.start_levels([1, 2, 3])
    before = batch.observations.copy()
    batch.write(1, Maze.from_level(40))
    assert np.array_equal(batch.observations[[0, 2]], before[[0, 2]])
    assert np.array_equal(batch.observations[1], Maze.from_level(40).observe())


def test_procgens_own_time_limit_is_off() -> None:
    batch = MazeBatch(1)
    batch.write(0, Maze.from_level(0))
    assert not any(batch.step(np.array([4]))[1][0] for _ in range(1100))


def test_threads_draw_the_same_observations() -> None:
    mazes = Maze.from_levels(range(30))
    expected = draw_observations(mazes)
    drawn: dict[int, np.ndarray] = {}
    threads = [threading.Thread(target=lambda n=n: drawn.update({n: draw_observations(mazes)})) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(drawn[n], expected) for n in range(3))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks only on POSIX")
def test_a_forked_process_can_go_on() -> None:
    observation = Maze.from_level(3).observe()

    def go_on() -> None:
        assert np.array_equal(Maze.from_level(3).observe(), observation)

    process = multiprocessing.get_context("fork").Process(target=go_on)
    process.start()
    process.join(60)
    assert process.exitcode == 0


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="num must be 1 to 65536, got 0"):
        MazeBatch(0)
    with pytest.raises(ValueError, match="threads must be 0 to 1024, got -1"):
        MazeBatch(1, threads=-1)
    with pytest.raises(TypeError, match="num must be a whole number, got True"):
        MazeBatch(True)
    batch = MazeBatch(2)
    with pytest.raises(ValueError, match="batch of 2 cannot start 3 levels"):
        batch.start_levels([1, 2, 3])
    with pytest.raises(IndexError, match="maze 2 of a batch of 2"):
        batch.write(2, Maze.from_level(0))
    batch.close()
    batch.close()


@pytest.mark.parametrize(
    ("level", "error", "message"),
    [
        (-1, ValueError, "level must be ≥ 0, got -1"),
        (MAX_LEVEL + 1, ValueError, "level must be ≤ 2147483646"),
        (1.5, TypeError, "level must be a whole number, got 1.5"),
        ("3", TypeError, "level must be a whole number, got '3'"),
        (True, TypeError, "level must be a whole number, got True"),
        (None, TypeError, "level must be a whole number, got None"),
    ],
)
def test_bad_levels(level: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        load_levels([0, level])  # type: ignore[list-item]


@pytest.mark.parametrize("renderings", [False, True])
def test_a_closed_batch_is_an_error_not_a_dead_process(mazes: list[Maze], renderings: bool) -> None:
    batch = MazeBatch(1, renderings=renderings)
    batch.close()
    batch.close()
    for use in (
        lambda: batch.read(0),
        lambda: batch.write(0, mazes[0]),
        lambda: batch.step(np.array([1])),
        lambda: batch.start_levels([1]),
        lambda: pickle.dumps(batch),
    ):
        with pytest.raises(RuntimeError, match="closed"):
            use()
    running = RunningMazes(1)
    running.start(0, mazes[0])
    running.close()
    with pytest.raises(RuntimeError, match="closed"):
        running.check(0)


def test_a_step_that_was_interrupted_is_ended_by_what_comes_next() -> None:
    whole, interrupted = MazeBatch(4), MazeBatch(4, threads=2)
    for batch in (whole, interrupted):
        batch.start_levels([3, 5, 7, 9])
    whole.step([5] * 4)
    interrupted.begin_step([5] * 4)
    assert [interrupted.read(index) for index in range(4)] == [whole.read(index) for index in range(4)]
    whole.step([7] * 4), whole.step([5] * 4)
    interrupted.begin_step([7] * 4)
    interrupted.step([5] * 4)
    assert np.array_equal(interrupted.observations, whole.observations)
    interrupted.begin_step([5] * 4)
    interrupted.close()


def test_a_batch_can_be_pickled(mazes: list[Maze]) -> None:
    batch = MazeBatch(2, renderings=True)
    batch.write(0, mazes[0])
    batch.write(1, mazes[17].without_cheese())
    batch.step(np.array([5, 7]))
    other = pickle.loads(pickle.dumps(batch))
    assert np.array_equal(other.observations, batch.observations)
    assert np.array_equal(other.renderings, batch.renderings)
    assert [other.read(i) for i in range(2)] == [batch.read(i) for i in range(2)]


def test_a_batch_is_closed_without_a_lock() -> None:
    """The garbage collector may close one while the same thread opens another, and so holds the library's lock."""
    batch = MazeBatch(1)
    closing = threading.Thread(target=batch.close, daemon=True)
    with batch._procgen._ffi._lock:
        closing.start()
        closing.join(timeout=30)
    assert not closing.is_alive()
