"""However a user changes a network, what is measured is what it does."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from types import MethodType

import numpy as np
import pytest
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook
from torch.nn.utils import parametrize

from evaluation import evaluate, vector_field
from evaluation.measuring.cuttable import is_cuttable
from evaluation.measuring.shared_forward import SharedForward
from evaluation.storage import RunError
from steered_env import ImpalaPolicy, Maze, SteeredPolicy, Steering, as_policy, cheese_vector
from steered_env.simulator import draw_observations
from steered_env.steering import HookError, scaling

HALF = 0.5


class OwnForward(ImpalaPolicy):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        logits, values = super().forward(x)
        return logits * HALF, values


class OwnProbabilities(ImpalaPolicy):
    def action_probabilities(self, observations: np.ndarray) -> np.ndarray:
        probabilities = super().action_probabilities(observations)
        return HALF * probabilities + np.float32((1 - HALF) / 15)


class OwnHeads(ImpalaPolicy):
    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        logits, values = super().heads(features)
        return logits * HALF, values


class Halved(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight * HALF


def halved(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
    return output * HALF


def of_class(kind: type[ImpalaPolicy], policy: ImpalaPolicy) -> ImpalaPolicy:
    derived = kind(policy.width)
    derived.load_state_dict(policy.state_dict())
    return derived.eval()


def hook(name: str):
    def change(policy: ImpalaPolicy) -> ImpalaPolicy:
        policy.get_submodule(name).register_forward_hook(halved)
        return policy

    return change


def pre_hook(policy: ImpalaPolicy) -> ImpalaPolicy:
    policy.fc_policy.register_forward_pre_hook(lambda _module, inputs: (inputs[0] * HALF,))
    return policy


def hook_on_all(policy: ImpalaPolicy) -> ImpalaPolicy:
    policy.register_forward_hook(lambda _module, _inputs, output: (output[0] * HALF, output[1]))
    return policy


def parametrization(policy: ImpalaPolicy) -> ImpalaPolicy:
    parametrize.register_parametrization(policy.fc_policy, "weight", Halved())
    return policy


def replaced_part(policy: ImpalaPolicy) -> ImpalaPolicy:
    policy.embedder.relufc = nn.Hardtanh(0, 0.5)
    return policy


def bound_forward(policy: ImpalaPolicy) -> ImpalaPolicy:
    def forward(self: ImpalaPolicy, x: Tensor) -> tuple[Tensor, Tensor]:
        logits, values = type(self).forward(self, x)
        return logits * HALF, values

    policy.forward = MethodType(forward, policy)
    return policy


def closure(policy: ImpalaPolicy) -> ImpalaPolicy:
    """Holds on to the original: a copy of it would run that."""
    before = policy.embedder.forward
    policy.embedder.forward = lambda x: before(x) * HALF
    return policy


def uncopyable(policy: ImpalaPolicy) -> ImpalaPolicy:
    policy.lock = threading.Lock()
    return hook("embedder")(policy)


CHANGES = {
    "own forward": lambda policy: of_class(OwnForward, policy),
    "own action_probabilities": lambda policy: of_class(OwnProbabilities, policy),
    "own heads": lambda policy: of_class(OwnHeads, policy),
    "hook on a stage": hook("embedder.block3.conv"),
    "hook on a block": hook("embedder.block2"),
    "hook on the embedder": hook("embedder"),
    "hook on a part of a stage": hook("embedder.block3.res1.conv1"),
    "hook on the policy": hook_on_all,
    "pre-hook": pre_hook,
    "parametrization": parametrization,
    "replaced part": replaced_part,
    "bound forward": bound_forward,
    "closure": closure,
    "lock": uncopyable,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_network_is_measured_as_it_acts(change, small: ImpalaPolicy, mazes: list[Maze]) -> None:
    policy = change(small.softened(10))
    assert not is_cuttable(policy)
    observations = draw_observations(mazes[:3])
    plain = policy.action_probabilities(observations)
    assert not np.allclose(plain, small.softened(10).action_probabilities(observations), atol=1e-3)
    vector = cheese_vector(policy, mazes[1])
    with vector.applied_to(policy):
        steered = policy.action_probabilities(observations)
    found = SharedForward(policy).probabilities(observations, [Steering(), vector])
    assert np.allclose(found, [plain, steered], atol=1e-6)
    square = mazes[1].start
    field = vector_field(policy, mazes[1], ("vector", vector)).probabilities[square]
    assert np.allclose(field, steered[1], atol=1e-6)


@pytest.fixture
def global_hook() -> Iterator[None]:
    handle = register_module_forward_hook(
        lambda module, _inputs, output: output * HALF if isinstance(module, nn.ReLU) else None
    )
    yield
    handle.remove()


@pytest.mark.usefixtures("global_hook")
def test_hooks_on_every_module(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    observations = draw_observations(mazes[:3])
    assert np.allclose(
        SharedForward(small).probabilities(observations, [Steering()])[0],
        small.action_probabilities(observations),
        atol=1e-6,
    )


def test_methods_of_the_class_replaced(small: ImpalaPolicy, mazes: list[Maze], monkeypatch: pytest.MonkeyPatch) -> None:
    observations, before = draw_observations(mazes[:3]), ImpalaPolicy.forward
    monkeypatch.setattr(ImpalaPolicy, "forward", lambda self, x: (before(self, x)[0] * 0.1, None))
    assert np.allclose(
        SharedForward(small).probabilities(observations, [Steering()])[0],
        small.action_probabilities(observations),
        atol=1e-6,
    )


def test_the_network_as_it_is_built_is_cut(small: ImpalaPolicy) -> None:
    for policy in (
        small,
        ImpalaPolicy(2),
        small.softened(3),
        copy.deepcopy(small).double(),
        SharedForward(small).policy,
    ):
        assert is_cuttable(policy)


def test_rates_of_a_changed_network(small: ImpalaPolicy) -> None:
    """By the chain as by stepping: both see the change."""
    policy = of_class(OwnProbabilities, small)
    for method in ("exact", "sampled"):
        more = {"episodes": 30} if method == "sampled" else {}
        rates = {
            kind: evaluate(one, 1, ["baseline", "-cheese"], method=method, horizon=3, **more).frame["reach_cheese"]
            for kind, one in (("changed", policy), ("plain", small))
        }
        assert (rates["plain"] - rates["changed"])[0] > 0.3


@pytest.mark.parametrize("method", ["exact", "sampled"])
def test_a_network_is_measured_as_it_is_steered(method: str, small: ImpalaPolicy) -> None:
    """Inside a ``with`` block, also where conditions add to it; not after it."""
    hidden = -cheese_vector(small, Maze.from_level(52))
    options = {"method": method, "horizon": 24, "workers": 2} | ({"episodes": 2} if method == "sampled" else {})
    with hidden.applied_to(small):
        inside = evaluate(small, [52], ["baseline", ("back", -1 * hidden)], **options).frame
    outside = evaluate(small, [52], [("hidden", hidden), "baseline"], **options).frame
    assert np.allclose(inside["reach_cheese"], outside["reach_cheese"], atol=1e-6)
    assert outside["reach_cheese"][0] < 0.1 < 0.9 < outside["reach_cheese"][1]


def test_a_run_in_a_block_goes_on_in_such_a_block_alone(small: ImpalaPolicy, tmp_path: Path) -> None:
    hidden = -cheese_vector(small, Maze.from_level(52))
    for _ in range(2):
        with hidden.applied_to(small):
            rates = evaluate(small, [52], horizon=16, out=tmp_path / "run").frame["reach_cheese"]
        assert rates[0] < 0.1
    with pytest.raises(RunError, match="weights"):
        evaluate(small, [52], horizon=16, out=tmp_path / "run")
    with hidden.applied_to(small), pytest.raises(HookError, match="leave the block"):
        pickle.dumps(small)  # as Ray does


def test_an_adapted_network_is_copied_with_its_functions(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    """Each worker has a copy of its own, whose preprocessing is the one that was given."""
    policy = as_policy(nn.Sequential(small), preprocess=lambda observations: observations.permute(0, 3, 1, 2) / 255)
    forward, observations = SharedForward(policy), draw_observations(mazes[:2])
    assert forward.policy is not policy
    found = forward.probabilities(observations, [Steering()])[0]
    assert np.allclose(found, small.action_probabilities(observations), atol=1e-6)


def test_an_uncopyable_policy_in_training_mode_is_refused(small: ImpalaPolicy) -> None:
    policy = uncopyable(copy.deepcopy(small)).train()
    with pytest.raises(ValueError, match=r"\.eval\(\)"):
        evaluate(policy, 1, horizon=2)


class Faulty(ImpalaPolicy):
    """Gives what are no probabilities where the mouse is not at the start of level 1."""

    def __init__(self, fault: object) -> None:
        super().__init__()
        self.fault, self.start = fault, Maze.from_level(1).observe()

    def action_probabilities(self, observations: np.ndarray) -> np.ndarray:
        rows = np.full((len(observations), 15), 1 / 15, np.float32)
        away = [not np.array_equal(observation, self.start) and bool(observation.any()) for observation in observations]
        rows[away] = self.fault(rows[away])
        return rows


FAULTS = {
    "nan": lambda rows: rows * np.nan,
    "-0": lambda rows: np.where(np.arange(15) < 1, -rows, rows * 17 / 15),
    "sum": lambda rows: rows * 0.9,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_are_no_probabilities_is_named(fault: str) -> None:
    """By level, cell and condition, in both methods and in fields."""
    policy, maze = Faulty(FAULTS[fault]), Maze.from_level(1)
    pattern = rf"'mine'.*level 1, cell \(1[0-9], 1[0-9]\).*{fault}"
    condition = ("mine", Steering())
    for more in ({"method": "exact"}, {"method": "sampled", "episodes": 20}):
        with pytest.raises(ValueError, match=pattern):
            evaluate(policy, 1, [condition], horizon=20, **more)
    with pytest.raises(ValueError, match=pattern):
        vector_field(policy, maze, condition)


def test_a_steering_that_overflows_is_named(small: ImpalaPolicy) -> None:
    with pytest.raises(ValueError, match=r"'huge'.*level 1, cell"):
        evaluate(small, 1, ["baseline", ("huge", scaling(1e38))], horizon=4)


def test_rows_of_another_shape_are_named(small: ImpalaPolicy) -> None:
    class Moves(ImpalaPolicy):
        def action_probabilities(self, observations: np.ndarray) -> np.ndarray:
            return super().action_probabilities(observations)[:, :5]

    for act in (lambda: evaluate(Moves(), 1), lambda: SteeredPolicy(Moves()).predict(Maze.from_level(1).observe())):
        with pytest.raises(ValueError, match=r"Moves.*\(\d+, 15\), got .*\(\d+, 5\)"):
            act()
