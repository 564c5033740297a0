from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from evaluation.runs.fingerprints import fingerprint
from steered_env import ImpalaPolicy, Maze, Steering, load_policy
from steered_env.steering import resampling, scaling, zero_ablation


def made(factor: float):
    return lambda policy, maze: factor


def other(policy, maze, factor=2):
    return factor


def test_equal_things_have_one_and_different_things_two(mazes: list[Maze], small: ImpalaPolicy) -> None:
    nudged = load_policy("small")
    nudged.get_parameter("fc_policy.bias").data[0] += 1e-6
    layer = "embedder.block2"
    different = [
        None, 0, 0.0, False, "", "0", b"", (), [], {}, (0,), ((0,),), range(3), {"a": 1}, {"a": 2}, {"b": 1},
        np.zeros(2), np.zeros(2, np.float32), np.zeros((2, 1)), torch.ones(2), torch.tensor([1, 1 + 2**-20]),
        Steering({layer: torch.ones(2)}), Steering({layer: torch.zeros(2)}), Steering(),
        zero_ablation(), zero_ablation(channels=[3]), scaling(2), resampling(small, mazes[0]),
        resampling(small, mazes[1]), small, nudged, mazes[0], mazes[1], mazes[0].without_cheese(),
        made(1), made(2), other, functools.partial(other, factor=3), Maze.without_cheese, Maze.with_top_right_path,
    ]  # fmt: skip
    assert len({fingerprint(value) for value in different}) == len(different)
    same = [
        (load_policy("small"), small), (Maze.from_level(0), mazes[0]), (made(2), made(2)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (Steering({layer: torch.ones(2)}), Steering({layer: torch.ones(2)})), (scaling(0), zero_ablation()),
        (np.float64(1.5), 1.5), (resampling(small, mazes[0]), resampling(small, mazes[0])),
    ]  # fmt: skip
    for one, two in same:
        assert fingerprint(one) == fingerprint(two)


def test_a_function_that_closes_over_itself() -> None:
    def again(policy, maze):
        return again

    assert fingerprint(again) == fingerprint(again)


def test_the_unknowable_is_refused() -> None:
    @dataclass
    class Holder:
        inside: object

    with pytest.raises(
        ValueError, match=r"<object object at .*> has no fingerprint, so that a run in a folder could not"
    ):
        fingerprint(Holder(object()))
    names: dict[str, object] = {"__name__": "nowhere"}
    exec("def unwritten(policy, maze): pass", names)
    with pytest.raises(ValueError, match=r"the source of nowhere.unwritten cannot be read"):
        fingerprint(names["unwritten"])
