"""Layers by name: prefixes, several names of one layer, and the order of changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor, nn
from torch.utils.weak import TensorWeakRef

from evaluation.measuring.shared_forward import SharedForward
from steered_env import ImpalaPolicy, LayerError, Maze, Steering, as_policy, cheese_vector, top_right_vector
from steered_env.policy import to_input
from steered_env.simulator import draw_observations
from steered_env.steering import (
    DEFAULT_LAYER,
    LayerChange,
    find_layer,
    mean_ablation,
    read_activations,
    scaling,
    setting,
)


class Two(nn.Module):
    def __init__(self, policy: nn.Module) -> None:
        super().__init__()
        self.first, self.second = policy, nn.Sequential(nn.Linear(15, 15))

    def action_probabilities(self, observations: np.ndarray) -> np.ndarray:
        return self.first.action_probabilities(observations)


def test_a_network_inside_another_is_steered_by_its_own_names(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    observations, outer = draw_observations(mazes[:2]), Two(small)
    vector = cheese_vector(small, mazes[0])
    assert cheese_vector(outer, mazes[0]) == vector
    in_full = cheese_vector(outer, mazes[0], layer=f"first.{DEFAULT_LAYER}")
    assert list(in_full) == [f"first.{DEFAULT_LAYER}"]
    with vector.applied_to(small):
        expected = small.action_probabilities(observations)
    for steering in (vector, in_full):
        with steering.applied_to(outer):
            assert np.array_equal(outer.action_probabilities(observations), expected)
    assert find_layer(outer, "block2.res1.resadd_out") == f"first.{DEFAULT_LAYER}"


def test_a_name_of_several_layers_names_them(small: ImpalaPolicy) -> None:
    with pytest.raises(LayerError, match=r"embedder\.block1\.res1\.conv1, embedder\.block1\.res2\.conv1"):
        find_layer(small, "conv1")
    twins = nn.ModuleDict({"a": nn.Sequential(nn.ReLU()), "b": nn.ModuleDict({"a": nn.Sequential(nn.ReLU())})})
    assert find_layer(twins, "a.0") == "a.0"  # in full comes first
    shared = nn.ReLU()
    assert find_layer(nn.ModuleDict({"a": nn.Sequential(shared), "b": nn.Sequential(shared)}), "b.0") == "b.0"
    with pytest.raises(LayerError):
        find_layer(small, "")


def test_a_misspelt_word_does_not_lead_to_another_branch(small: ImpalaPolicy) -> None:
    branches = {"actor": nn.Sequential(nn.Linear(4, 4)), "critic": nn.Sequential(nn.Linear(4, 4), nn.ReLU())}
    both = nn.ModuleDict(branches)
    alone = nn.ModuleDict({"critic": branches["critic"]})
    for module, name in ((both, "actr.1"), (both, "actor.1"), (both, "x.actr.1"), (alone, "actor.1")):
        with pytest.raises(LayerError, match=r"critic\.1"):
            find_layer(module, name)
    assert find_layer(both, "1") == "critic.1"
    with pytest.raises(LayerError, match="has no layer"):
        find_layer(small, "embeder.block2")
    assert find_layer(as_policy(branches["critic"]), "both.critic.1") == "module.1"


def test_the_target_network_of_dqn_is_no_layer_of_what_chooses(mazes: list[Maze]) -> None:
    from stable_baselines3.dqn.policies import CnnPolicy

    policy = CnnPolicy(spaces.Box(0, 255, (3, 64, 64), np.uint8), spaces.Discrete(15), lambda _: 0.0)
    layer = "features_extractor.cnn.2"
    for name in (layer, f"q_net.{layer}", f"agent.q_net.{layer}"):
        assert find_layer(as_policy(policy), name) == f"q_net.{layer}"
    with pytest.raises(LayerError, match="q_net_target"):
        cheese_vector(policy, mazes[0], layer=f"q_net_target.{layer}")


NAMES = (DEFAULT_LAYER, f"{DEFAULT_LAYER}_out", f"first.{DEFAULT_LAYER}", "block2.res1.resadd", "embedder.block2.res1")


def test_every_name_of_a_layer_counts_in_its_turn(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    """Of one layer under two names no change is lost, and the later sees what the earlier made, in every way to run."""
    small = small.softened(30)  # unsure, so that every change can be seen
    observations, outer = draw_observations(mazes[:3]), Two(small)
    tensor = cheese_vector(small, mazes[0])[DEFAULT_LAYER] + top_right_vector(small, mazes[0])[DEFAULT_LAYER]
    add, double = Steering({DEFAULT_LAYER: tensor}), scaling(2)
    expected = {}
    for order, wanted in (("add first", add.then(double)), ("double first", double.then(add))):
        with wanted.applied_to(small):
            expected[order] = small.action_probabilities(observations)
    assert not np.allclose(expected["add first"], expected["double first"], atol=1e-2)
    for name in NAMES:
        for other in NAMES:
            one, two = Steering({name: tensor}), scaling(2, layer=other)
            for order, both in (("add first", one.then(two)), ("double first", two.then(one))):
                with both.applied_to(outer):
                    found = outer.action_probabilities(observations)
                assert np.allclose(found, expected[order], atol=1e-6), (name, other, order)
        summed = Steering({name: tensor}) + Steering({DEFAULT_LAYER: tensor})
        with (2 * add).applied_to(small), torch.inference_mode():
            twice = small.action_probabilities(observations)
        with summed.applied_to(outer):
            assert np.allclose(outer.action_probabilities(observations), twice, atol=1e-6), name
    assert len(read_activations(outer, NAMES[:4], observations)) == 1


@pytest.mark.parametrize(
    ("block", "part"),
    [("embedder.block2", "embedder.block2.res2.resadd"), ("embedder", "embedder.relufc"), ("embedder.block1", None)],
)
def test_a_block_and_its_last_part_in_turn(
    small: ImpalaPolicy, mazes: list[Maze], block: str, part: str | None
) -> None:
    small = small.softened(30)
    observations = draw_observations(mazes[:3])
    part = part or f"{block}.res2"
    add = 0.5 * cheese_vector(small, mazes[0], layer=part)
    for edit in (scaling(2, layer=block).then(add), add.then(scaling(2, layer=block))):
        on_one = type(edit)(tuple((block, change) for _, change in edit.steps()))
        with on_one.applied_to(small):
            expected = small.action_probabilities(observations)
        with edit.applied_to(small):
            assert np.allclose(small.action_probabilities(observations), expected, atol=1e-6)
        shared = SharedForward(small).probabilities(observations, [edit, on_one])
        assert np.allclose(shared, expected, atol=1e-6)


def test_a_part_that_is_written_into_keeps_its_change() -> None:
    """The block's output is the very tensor of its first part, but no longer what that part put out."""
    module = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True)))
    x = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
    add = Steering({"0.0": torch.tensor([-1.0, 1.0])})
    with torch.no_grad():
        expected = (module[0][0](x) + add["0.0"]).relu() * 2
        with scaling(2, layer="0").then(add).applied_to(module):
            assert torch.allclose(module(x), expected)
        recorded = read_activations(module, ["0.0"], x)["0.0"]
        assert torch.equal(recorded, module[0][0](x))  # not what the ReLU wrote into it


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "parts alone"])
def test_passes_are_forgotten(small: ImpalaPolicy, mazes: list[Maze], whole: bool) -> None:
    """A block of a whole training run needs no more memory than one pass, however its layers lie in each other."""
    results: list[TensorWeakRef] = []

    def halved(activations: Tensor) -> Tensor:
        result = activations / 2
        results.append(TensorWeakRef(result))
        return result

    inputs = to_input(draw_observations(mazes[:1]))
    edit = scaling(2, layer="embedder").then(LayerChange("embedder.block1", halved))
    with torch.inference_mode(), edit.applied_to(small):
        for _ in range(3):
            (small if whole else small.embedder.block1)(inputs)
        assert len(results) == 3
        assert not any(result() is not None for result in results[:2])


def test_activations_of_a_policy_that_runs_in_parts(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    class ByOne(ImpalaPolicy):
        def action_probabilities(self, observations: np.ndarray) -> np.ndarray:
            return np.concatenate([super(ByOne, self).action_probabilities(one[None]) for one in observations])

    class Twice(ImpalaPolicy):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            super().forward(x)
            return super().forward(x)

    observations = draw_observations(mazes[:3])
    expected = read_activations(small, [DEFAULT_LAYER], observations)[DEFAULT_LAYER]
    assert torch.equal(expected, read_activations(small, [DEFAULT_LAYER], to_input(observations))[DEFAULT_LAYER])
    for kind in (ByOne, Twice):
        policy = kind()
        policy.load_state_dict(small.state_dict())
        if kind is ByOne:
            assert torch.allclose(
                read_activations(policy, [DEFAULT_LAYER], observations)[DEFAULT_LAYER], expected, atol=1e-4
            )
        else:
            with pytest.raises(LayerError, match=DEFAULT_LAYER):
                read_activations(policy, [DEFAULT_LAYER], observations)


def test_other_names_in_ablations(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    by_name = [mean_ablation(small, mazes[:2], layer=f"{DEFAULT_LAYER}{end}") for end in ("", "_out")]
    observations, rows = draw_observations(mazes[2:4]), []
    for edit in by_name:
        with edit.applied_to(small):
            rows.append(small.action_probabilities(observations))
    assert np.array_equal(*rows)


def test_changes_of_another_shape_are_refused(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    edit = type(setting(0, (0, 0)))(DEFAULT_LAYER, lambda activations: activations.sum(dim=0))
    with pytest.raises(ValueError, match=DEFAULT_LAYER), edit.applied_to(small):
        small.action_probabilities(mazes[0].observe())


def gray(observations: Tensor) -> Tensor:
    return observations.float().mean(dim=3)[:, None] / 255


@pytest.mark.parametrize(
    ("first", "preprocess"),
    [
        (nn.Conv2d(1, 4, 5, stride=4), gray),
        (nn.Conv2d(3, 4, 5, stride=4), lambda observations: observations.permute(0, 3, 1, 2) / 255),
        (nn.Sequential(nn.Flatten(), nn.Linear(64 * 64 * 3, 4 * 15 * 15), nn.Unflatten(1, (4, 15, 15))), Tensor.float),
    ],
)
def test_networks_with_an_input_of_their_own(first: nn.Module, preprocess: object, mazes: list[Maze]) -> None:
    """The closed form at the start holds for grayscale, for channels first, and for channels last from 0 to 255."""
    network = nn.Sequential(first, nn.Flatten(), nn.Linear(900, 15))
    policy = as_policy(network, preprocess=preprocess)  # type: ignore[arg-type]
    vector = cheese_vector(policy, mazes[0], layer="0")
    with vector.applied_to(network):
        pass  # the network's own names are the policy's
    with (-vector).applied_to(policy):
        steered = policy.action_probabilities(mazes[0].observe())
    assert np.allclose(steered, policy.action_probabilities(mazes[0].without_cheese().observe()), atol=1e-5)
    with pytest.raises(TypeError, match=r"as_policy\(module, preprocess="):
        cheese_vector(network, mazes[0], layer="0")


class UInt8(nn.Module):
    """Takes the observations as they are, and puts out more than logits."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(64 * 64 * 3, 15)

    def forward(self, observations: Tensor) -> dict[str, Tensor]:
        assert observations.dtype == torch.uint8
        return {"logits": self.fc(observations.flatten(1) / 255.0), "value": torch.zeros(len(observations))}


def test_logits_are_picked(mazes: list[Maze]) -> None:
    policy = as_policy(UInt8(), logits=lambda output: output["logits"])
    assert policy.action_probabilities(mazes[0].observe()).sum() == pytest.approx(1, abs=1e-5)
    assert as_policy(policy) is policy
    with pytest.raises(TypeError, match="logits="):
        as_policy(UInt8()).action_probabilities(mazes[0].observe())
    with pytest.raises(TypeError, match="of its own"):
        as_policy(policy, preprocess=gray)
    with pytest.raises(TypeError, match="got 3"):
        as_policy(3)
