from __future__ import annotations

import functools
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn

from evaluation import evaluate
from evaluation.runs.fingerprints import fingerprint
from evaluation.runs.trouble import RunError
from evaluation.uniform import UniformPolicy
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


def test_what_run_folders_were_begun_with_stays() -> None:
    with torch.no_grad():
        linear = nn.Linear(2, 2)
        for parameter in linear.parameters():
            parameter.fill_(0.5)
    pinned = {
        "75de0c93d8885140": load_policy("small"),  # changes when these weights do, and only then
        "2f67fd6722d4d78b": UniformPolicy(),
        "303847c19af952e0": nn.Sequential(linear, nn.LeakyReLU(0.1)),
        "7e62efd2ff74b423": scaling(2),
        "a1680c70619a75db": zero_ablation(channels=[3]),
    }
    assert {known: fingerprint(value) for known, value in pinned.items()} == {known: known for known in pinned}


class Always(nn.Module):
    """Takes one action, whatever it sees; keeps which as a plain attribute."""

    def __init__(self, action: int, *parts: nn.Module) -> None:
        super().__init__()
        self.action = action
        self.device, self.parts = torch.device("cpu"), list(parts)
        self.itself = [self]

    @functools.cached_property
    def chosen(self) -> np.ndarray:
        return np.eye(15, dtype=np.float32)[self.action]

    def forward(self, policy: object, maze: object) -> float:
        return float(self.action)

    @torch.no_grad()
    def action_probabilities(self, observations: np.ndarray) -> np.ndarray:
        return np.broadcast_to(self.chosen, (*np.shape(observations)[:-3], 15)).copy()


def closing_over(value: float) -> nn.Module:
    class Holder(nn.Module):
        @property
        def held(self) -> float:
            return value

    return Holder()


def with_buffer(value: float) -> nn.Module:
    module = Always(0)
    module.register_buffer("scale", torch.tensor(value), persistent=False)
    return module


def around(policy: nn.Module) -> nn.Module:
    module = Always(0)
    module.inner = policy
    return module


@pytest.mark.parametrize(
    "make",
    [
        Always,
        lambda number: nn.Sequential(nn.ReLU(), nn.ModuleList([Always(number)])),
        lambda number: Always(0, Always(number)),
        lambda number: {"policy": [Always(number)]},
        lambda number: Always(number).forward,
        lambda number: around(Always(number)),
        lambda number: around(nn.LeakyReLU(number)),
        closing_over,
        with_buffer,
    ],
)
def test_a_module_of_another_class_counts_with_all_it_has(make: Callable[[int], object]) -> None:
    assert fingerprint(make(7)) == fingerprint(make(7))
    assert fingerprint(make(7)) != fingerprint(make(4))


def test_what_a_module_has_computed_for_itself_does_not_count() -> None:
    policy = Always(7)
    before = fingerprint(policy)
    assert policy.chosen[7] == 1
    assert fingerprint(policy.eval()) == before


def imported(path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """``mine``, written in a file of its own."""
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("mine", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "mine", module)
    spec.loader.exec_module(module)
    return module


def test_a_module_of_another_class_counts_with_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from torch import nn\nclass A(nn.Module):\n factor = {}\nclass B(A): pass\nclass C(nn.ReLU): pass\n"
    seen = set()
    for factor in (1, 2, 2):
        mine = imported(tmp_path / f"{len(seen)}.py", text.format(factor), monkeypatch)
        seen |= {(name, fingerprint(getattr(mine, name)())) for name in "ABC"}
    assert sorted(name for name, _ in seen) == list("AABBC")  # B inherits what changed in A
    names: dict[str, object] = {"__name__": "nowhere", "nn": nn}
    exec("class Unwritten(nn.Module): pass", names)
    with pytest.raises(ValueError, match=r"the source of nowhere.Unwritten cannot be read"):
        fingerprint(nn.Sequential(names["Unwritten"]()))  # type: ignore[operator]


def test_an_unknowable_attribute_is_named() -> None:
    policy = Always(0)
    policy.rng = np.random.default_rng()
    with pytest.raises(
        ValueError, match=r"attribute rng of .*\.Always: Generator\(PCG64\) .* has no fingerprint, so that a run in a"
    ):
        fingerprint(policy)


def test_results_are_those_of_the_policy_that_was_asked_for(tmp_path: Path) -> None:
    evaluate(Always(7), [1, 3], out=tmp_path)
    with pytest.raises(RunError, match="holds a finished run with weights"):
        evaluate(Always(4), [1, 3], out=tmp_path)
    assert len(evaluate(Always(7), [1, 3], out=tmp_path).frame) == 2
