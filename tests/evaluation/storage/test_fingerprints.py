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
from evaluation.measuring.uniform_policy import UniformPolicy
from evaluation.storage.errors import RunError
from evaluation.storage.fingerprints import fingerprint
from steered_env import ImpalaPolicy, Maze, Steering, load_policy
from steered_env.steering import resampling, scaling, setting, zero_ablation


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
    for first, second in same:
        assert fingerprint(first) == fingerprint(second)


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
        "5220c9a5c2aa0ee3": setting(5.5, (20, 20), channels=[3]),
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
    path.write_text(text, encoding="utf-8")
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


CODE = {
    "a lambda whose body stands on the next line": "made = (\n    lambda policy, maze:\n    VALUE\n)",
    "a partial of a lambda": "import functools\nmade = functools.partial(\n lambda factor:\n factor * VALUE, 2)",
    "a function inside": "def made(policy, maze):\n def inner():\n  return [VALUE for _ in 'a']\n return inner",
    "a default": "def made(policy, maze, factor=VALUE): return factor",
    "a keyword's default": "def made(policy, maze, *, factor=VALUE): return factor",
    "a method of a dataclass": (
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\n"
        "    def __call__(self, policy, maze): return VALUE\nmade = A()"
    ),
    "a default of a dataclass": (
        "from dataclasses import dataclass, field\n@dataclass\nclass A:\n"
        "    x: int = field(default_factory=lambda: VALUE)\n"
        "def made(policy, maze): return A()"
    ),
    "a callable named tuple": (
        "from typing import NamedTuple\nclass A(NamedTuple):\n    x: int = 1\n"
        "    def __call__(self, policy, maze): return VALUE\nmade = A()"
    ),
    "a number of one's own": "class A(float):\n    def __call__(self, policy, maze): return VALUE\nmade = A(1)",
    "a class closed over": (
        "def outer():\n    class A:\n        @property\n        def x(self): return VALUE\n"
        "    return lambda policy, maze: A().x\nmade = outer()"
    ),
    "a class derived from": "class A:\n    x = VALUE\nclass B(A): pass\ndef made(policy, maze): return B.x",
    "an attribute of the function": "def made(policy, maze): return made.factor\nmade.factor = VALUE",
    "a global": "F = VALUE\ndef made(policy, maze): return F",
    "a global in a comprehension": "F = VALUE\ndef made(policy, maze): return [F for _ in 'a']",
    "a global tensor": "import torch\nF = torch.full((2,), VALUE)\ndef made(policy, maze): return F",
    "a global of a helper": "F = VALUE\ndef helper(): return F\ndef made(policy, maze): return helper()",
    "what a decorator wraps": (
        "import functools, torch\n@torch.no_grad()\n@functools.lru_cache\ndef made(policy, maze): return VALUE"
    ),
    "a method": "import dataclasses\n@dataclasses.dataclass\nclass A:\n def f(self, p): return VALUE\nmade = A().f",
    "an attribute of a module": "import helping\ndef made(policy, maze): return helping.helper()",
    "an import inside": "def made(policy, maze):\n    from helping import helper\n    return helper()",
    "a member of an enumeration": "import enum\nclass E(enum.Enum):\n    A = VALUE\ndef made(policy, maze): return E.A",
    "a constant set": "def made(policy, maze): return maze in {'a', 'b', 'c', VALUE}",
}  # fmt: skip


@pytest.mark.parametrize("kind", CODE)
def test_a_function_is_what_runs(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for number, value in enumerate((1, 2, 2)):
        helping = ModuleType("helping")
        exec(f"def helper(): return {value}", vars(helping))
        monkeypatch.setitem(sys.modules, "helping", helping)
        text = "# a comment\n" * number + CODE[kind].replace("VALUE", str(value))
        seen.append(fingerprint(imported(tmp_path / f"{number}.py", text, monkeypatch).made))
    assert seen[0] != seen[1]
    assert seen[1] == seen[2]  # written further down


def test_a_file_that_is_edited_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.py"
    made = imported(path, "def made(policy, maze): return 1\n", monkeypatch).made
    before = fingerprint(made)
    path.write_text("def made(policy, maze): return 2\n", encoding="utf-8")
    assert fingerprint(made) == before
    assert fingerprint(imported(path, path.read_text(encoding="utf-8") + "#\n", monkeypatch).made) != before


def test_a_function_that_reads_the_unknowable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import random\nDRAWN = random.Random()\ndef made(policy, maze): return DRAWN.random()\n"
    with pytest.raises(ValueError, match=r"global DRAWN of made: .* has no fingerprint"):
        fingerprint(imported(tmp_path / "mine.py", text, monkeypatch).made)


def test_containers_and_functions_that_lead_back_to_themselves() -> None:
    def made(policy, maze):
        return table["made"]

    table: dict[str, object] = {"made": made, "other": other}
    table["table"] = table
    assert fingerprint(made) == fingerprint(made)
    first = fingerprint(table)
    table["other"] = made
    assert fingerprint(table) != first


@pytest.mark.parametrize("name", ["", "embedder", "embedder.block2", "embedder.block2.res1.resadd"])
def test_a_hook_counts(name: str) -> None:
    policy = load_policy("small")
    plain = fingerprint(policy)
    seen = {plain}
    module = policy.get_submodule(name)
    for factor in (2.0, 3.0):
        handle = module.register_forward_hook(lambda _m, _i, output, factor=factor: output)
        seen.add(fingerprint(policy))
        handle.remove()
        handle = module.register_forward_pre_hook(made(factor))
        seen.add(fingerprint(policy))
        handle.remove()
    assert len(seen) == 5
    assert fingerprint(policy) == plain
    for factor in (2.0, 3.0):
        layer = "embedder.block2.res1.resadd"
        with Steering({layer: torch.full((32, 16, 16), factor)}).applied_to(policy):
            seen.add(fingerprint(policy))
    assert len(seen) == 7
    module.forward = functools.partial(module.forward)
    assert fingerprint(policy) not in seen


def test_a_run_with_another_hook_is_refused(tmp_path: Path) -> None:
    policy = load_policy("small")
    evaluate(policy, [1], horizon=2, out=tmp_path)
    policy.fc_policy.register_forward_hook(lambda _module, _inputs, output: 2 * output)
    with pytest.raises(RunError, match="holds a finished run with weights"):
        evaluate(policy, [1], horizon=2, out=tmp_path)
