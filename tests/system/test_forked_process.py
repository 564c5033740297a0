"""A process that is forked from one with torch's threads: it computes, and gets what its parent gets."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from evaluation import evaluate
from steered_env import ImpalaPolicy, Maze, cheese_vector
from steered_env.steering import DEFAULT_LAYER


@pytest.fixture
def two_torch_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def numbers(policy: ImpalaPolicy, maze: Maze) -> list[float]:
    vector = cheese_vector(policy, maze)[DEFAULT_LAYER]
    rates = evaluate(policy, mazes=[maze], conditions=["-cheese"], horizon=4).frame["reach_cheese"]
    return [float(vector.norm()), *policy.action_probabilities(maze.observe()), *rates]


@pytest.mark.usefixtures("two_torch_threads")
def test_the_network_runs_in_a_forked_process(small: ImpalaPolicy) -> None:
    maze = Maze.from_level(1)
    torch.rand(2**20).sum()  # large enough that both threads begin
    expected = numbers(small, maze)
    child = os.fork()
    if not child:
        signal.alarm(60)
        same = np.allclose(numbers(small, maze), expected, atol=1e-6)
        os._exit(0 if same and torch.get_num_threads() == 1 else 1)
    assert torch.get_num_threads() == 2
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
