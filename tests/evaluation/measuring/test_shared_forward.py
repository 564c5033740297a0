from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from evaluation.measuring.shared_forward import SharedForward
from steered_env import ImpalaPolicy, Maze, Steering


def observations_of(mazes: list[Maze]) -> np.ndarray:
    return np.stack([maze.observe() for maze in mazes[:9]])


def test_every_layer_steers_as_with_hooks(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    observations = observations_of(mazes)
    forward = SharedForward(reference_policy, batch_size=16)
    layers = [layer for layer in reference_policy.layers if layer != "fc_value"]
    steerings = [
        0.5 * Steering.difference(reference_policy, mazes[0], mazes[0].without_cheese(), layer=layer)
        for layer in layers
    ]
    shared = forward.probabilities(observations, steerings)
    for layer, steering, found in zip(layers, steerings, shared, strict=True):
        with steering.applied_to(reference_policy):
            expected = reference_policy.action_probabilities(observations)
        assert np.allclose(found, expected, atol=2e-6), layer


def test_several_layers_at_once_and_none(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    observations = observations_of(mazes)
    layers = ["embedder.block1.res2.conv1", "embedder.block2", "embedder.block2.res2.resadd", "embedder", "fc_policy"]
    both = Steering.difference(reference_policy, mazes[0], mazes[0].without_cheese(), layer=layers)
    shared = SharedForward(reference_policy).probabilities(observations, [both, Steering()])
    with both.applied_to(reference_policy):
        expected = reference_policy.action_probabilities(observations)
    assert np.allclose(shared[0], expected, atol=2e-6)
    assert np.allclose(shared[1], reference_policy.action_probabilities(observations), atol=2e-6)


def test_the_layers_before_run_once(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    class Convolutions(TorchFunctionMode):
        count = 0

        def __torch_function__(self, function, types, args=(), kwargs=None):
            self.count += function is torch.nn.functional.conv2d
            return function(*args, **(kwargs or {}))

    forward = SharedForward(reference_policy)
    vector = Steering.difference(reference_policy, mazes[0], mazes[0].without_cheese())
    with Convolutions() as convolutions:
        forward.probabilities(observations_of(mazes), [Steering(), vector, -vector, 2 * vector])
    assert convolutions.count == 8 + 4 * 7  # eight of the fifteen lie before the layer


def test_batches_change_nothing(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    observations = observations_of(mazes)
    sizes = [
        SharedForward(reference_policy, batch_size=size).probabilities(observations, [Steering()])
        for size in (1, 4, 64)
    ]
    assert all(np.allclose(sizes[0], other, atol=1e-6) for other in sizes[1:])


def test_the_policy_is_left_alone(reference_policy: ImpalaPolicy) -> None:
    forward = SharedForward(reference_policy)
    assert forward.policy is not reference_policy
    wrong = Steering({"embedder.block2": torch.zeros(3)})
    with pytest.raises(ValueError, match="has shape"):
        forward.probabilities(np.zeros((1, 64, 64, 3), np.uint8), [wrong])


def test_any_module_with_action_probabilities(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    class Wrapped(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = reference_policy

        def action_probabilities(self, observations: np.ndarray) -> np.ndarray:
            return self.inner.action_probabilities(observations)

    observations = observations_of(mazes)
    vector = Steering.difference(reference_policy, mazes[0], mazes[0].without_cheese())
    renamed = Steering({f"inner.{layer}": tensor for layer, tensor in vector.items()})
    found = SharedForward(Wrapped()).probabilities(observations, [renamed])[0]
    assert np.allclose(found, SharedForward(reference_policy).probabilities(observations, [vector])[0], atol=2e-6)
