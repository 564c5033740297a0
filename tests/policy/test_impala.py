from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from evaluation import evaluate
from steered_env import ImpalaPolicy, Maze, SteeredPolicy, cheese_vector
from steered_env.policy import to_input


@pytest.mark.parametrize(("width", "parameters"), [(1, 626_256), (4, 3_653_136)])
def test_size(width: int, parameters: int) -> None:
    policy = ImpalaPolicy(width)
    assert sum(p.numel() for p in policy.parameters()) == parameters
    logits, values = policy(torch.zeros(2, 3, 64, 64))
    assert (logits.shape, values.shape) == ((2, 15), (2,))


def test_probabilities_by_hand(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    """The network written out with torch's functions and the checkpoint's names alone."""
    weights = reference_policy.state_dict()
    observations = np.stack([maze.observe() for maze in mazes[:4]])

    def layer(name: str, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)

    x = torch.from_numpy(observations).permute(0, 3, 1, 2).float() / 255
    for block in ("embedder.block1", "embedder.block2", "embedder.block3"):
        x = torch.nn.functional.max_pool2d(layer(f"{block}.conv", x), 3, 2, 1)
        for part in ("res1", "res2"):
            inner = layer(f"{block}.{part}.conv1", x.relu())
            x = x + layer(f"{block}.{part}.conv2", inner.relu())
    features = (x.relu().flatten(1) @ weights["embedder.fc.weight"].T + weights["embedder.fc.bias"]).relu()
    logits = features @ weights["fc_policy.weight"].T + weights["fc_policy.bias"]
    expected = logits.softmax(1).numpy()
    assert np.allclose(reference_policy.action_probabilities(observations), expected, atol=1e-6)


def test_one_observation_or_many(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    observation = mazes[0].observe()
    alone = reference_policy.action_probabilities(observation)
    many = reference_policy.action_probabilities(observation[None])
    assert (alone.shape, many.shape, alone.dtype) == ((15,), (1, 15), np.float32)
    assert np.array_equal(alone, many[0])
    assert alone.sum() == pytest.approx(1, abs=1e-6)
    observation.flags.writeable = False
    assert np.array_equal(reference_policy.action_probabilities(observation), alone)


def test_layers_are_named_in_forward_order(reference_policy: ImpalaPolicy) -> None:
    layers = reference_policy.layers
    assert "embedder.block2.res1.resadd" in layers
    assert (
        layers.index("embedder.block2.conv")
        < layers.index("embedder.block2.res1.conv1")
        < layers.index("embedder.block2")
    )
    assert set(reference_policy.stages) <= set(layers)
    for layer in layers:
        reference_policy.get_submodule(layer)


@pytest.mark.parametrize(
    ("observations", "error", "message"),
    [
        (np.zeros((64, 64), np.uint8), ValueError, r"got \(64, 64\)"),
        (np.zeros((2, 64, 3, 64), np.uint8), ValueError, r"got \(2, 64, 3, 64\)"),
        (np.zeros((64, 64, 3), np.float32), TypeError, "must be uint8, 0 to 255, got float32"),
    ],
)
def test_bad_observations(
    reference_policy: ImpalaPolicy, observations: np.ndarray, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        reference_policy.action_probabilities(observations)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_precisions(small: ImpalaPolicy, dtype: torch.dtype) -> None:
    """Read, steered and measured in the precision of the weights, the float32 numbers up to its rounding."""
    maze, policy = Maze.from_level(27), copy.deepcopy(small).to(dtype)
    close = 1e-5 if dtype == torch.float64 else 0.1
    assert cheese_vector(policy, maze).norm() == pytest.approx(cheese_vector(small, maze).norm(), rel=close)
    steered = SteeredPolicy(policy, -cheese_vector(policy, maze)).action_probabilities(maze.observe())
    without = policy.action_probabilities(maze.without_cheese().observe())
    assert steered.dtype == np.float32
    assert np.allclose(steered, without, atol=close)
    assert np.allclose(without, small.action_probabilities(maze.without_cheese().observe()), atol=close)
    rates = [evaluate(measured, 1, ["-cheese"], horizon=8).frame["reach_cheese"][0] for measured in (policy, small)]
    assert rates[0] == pytest.approx(rates[1], abs=close)


def test_bad_width() -> None:
    for width in (1.5, True):
        with pytest.raises(TypeError, match=f"width must be a whole number, got {width}"):
            ImpalaPolicy(width)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="width must be ≥ 1, got 0"):
        ImpalaPolicy(0)


def test_a_softened_policy_has_its_logits_divided(small: ImpalaPolicy) -> None:
    x = to_input(np.stack([maze.observe() for maze in Maze.from_levels(range(6))]), "cpu")
    with torch.inference_mode():
        before, values = small(x)
        after, same_values = small.softened(2.5)(x)
        again, _ = small(x)
    assert torch.allclose(after, before / 2.5, atol=1e-5)
    assert torch.equal(values, same_values)
    assert torch.equal(again, before)
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        small.softened(0)


def test_repr_is_one_line() -> None:
    assert repr(ImpalaPolicy()) == "<ImpalaPolicy width=1, 626,256 parameters; names of its layers in .layers>"
    assert "(conv1): Conv2d" in repr(ImpalaPolicy().embedder)
