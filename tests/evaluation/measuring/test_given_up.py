"""Work that nobody waits for any more ends inside a maze, however long its horizon."""

from __future__ import annotations

import contextlib
import time

import pytest

from evaluation.measuring import Job, Measurer, Settings, chunk_of, maze_set, read_conditions, subject_of
from steered_env import ImpalaPolicy, Maze
from steered_env.system import worker_threads
from steered_env.system.given_up import GivenUpError

SETTINGS = {
    "exact": Settings("exact", 10**9, 1, 0),
    "exact, in every state": Settings("exact", 10**9, 1, 0, tolerance=0),
    "sampled": Settings("sampled", 10**6, 2, 0),
}


@pytest.mark.parametrize("method", SETTINGS)
def test_a_long_horizon_is_given_up(reference_policy: ImpalaPolicy, method: str) -> None:
    conditions, settings = read_conditions(["baseline"]), SETTINGS[method]
    measurer = Measurer(Job(subject_of(reference_policy, conditions, settings), conditions, (), settings))
    chunk = chunk_of(maze_set(None, [Maze.from_level(3).without_cheese()]), 0, 1)
    with contextlib.suppress(KeyboardInterrupt), worker_threads(1) as pool:
        work = pool.submit(measurer.frame, chunk)
        time.sleep(0.4)
        assert not work.done()
        raise KeyboardInterrupt
    assert isinstance(work.exception(), GivenUpError)
