"""A process that is forked from one with torch's threads: it computes, and gets what its parent gets."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import os, signal, sys
import numpy as np, torch
from evaluation import evaluate
from steered_env import Maze, cheese_vector, load_policy

torch.set_num_threads(2)
maze = Maze.from_level(0)

def numbers():
    policy = load_policy()
    vector = cheese_vector(policy, maze)["embedder.block2.res1.resadd"]
    rates = evaluate(policy, 1, ["-cheese"], horizon=4).frame["reach_cheese"]
    return np.array([vector.norm(), policy.action_probabilities(maze.observe())[0], *rates])

expected = numbers()
child = os.fork()
if not child:
    signal.alarm(60)
    same = np.allclose(numbers(), expected, atol=1e-6)
    os._exit(0 if same and torch.get_num_threads() == 1 else 1)
assert torch.get_num_threads() == 2
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_the_network_runs_in_a_forked_process() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
