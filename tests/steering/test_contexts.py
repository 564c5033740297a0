"""Steering acts in the context that applied it, and nowhere else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from steered_env import ImpalaPolicy, LayerError, Maze, SteeredPolicy, Steering, cheese_vector
from steered_env.simulator import draw_observations
from steered_env.steering import HookError, scaling

PLUS = Steering({"1": torch.tensor([100.0, 100.0])})
X = torch.tensor([[1.0, 2.0, 3.0]])


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.Linear(2, 2), nn.Tanh()))


def test_threads_share_policies_and_modules(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    observations = draw_observations(mazes[:2])
    vector = cheese_vector(small, mazes[0])
    shared = SteeredPolicy(small, -vector)
    others = [shared, shared, SteeredPolicy(small, 2 * vector), SteeredPolicy(small)]
    expected = [policy.action_probabilities(observations) for policy in others]
    start = threading.Barrier(len(others))

    def run(policy: SteeredPolicy) -> list[np.ndarray]:
        start.wait()
        return [policy.action_probabilities(observations) for _ in range(8)]

    with ThreadPoolExecutor(len(others)) as pool:
        for wanted, found in zip(expected, pool.map(run, others), strict=True):
            assert all(np.allclose(one, wanted, atol=1e-6) for one in found)
    with shared.steering.applied_to(small), ThreadPoolExecutor(1) as pool:
        assert np.allclose(pool.submit(small.action_probabilities, observations).result(), expected[3], atol=1e-6)
        assert np.allclose(small.action_probabilities(observations), expected[0], atol=1e-6)


def test_tasks_of_asyncio_and_nesting() -> None:
    module = network()
    plain = module(X)

    async def steered(times: int) -> None:
        with (times * PLUS).applied_to(module):
            for _ in range(3):
                assert torch.allclose(module(X), plain + times * 100)
                await asyncio.sleep(0)
            with PLUS.applied_to(module):
                assert torch.allclose(module(X), plain + (times + 1) * 100)
                await asyncio.sleep(0)

    async def together() -> None:
        await asyncio.gather(steered(1), steered(2), steered(3))

    asyncio.run(together())
    assert torch.equal(module(X), plain)
    assert not module[1]._forward_hooks


def test_blocks_left_out_of_order() -> None:
    module = network()
    plain = module(X)
    first, second = PLUS.applied_to(module), (2 * PLUS).applied_to(module)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch.allclose(module(X), plain + 200)
    second.__exit__(None, None, None)
    assert torch.equal(module(X), plain)


def test_checkpoints_are_refused_where_they_would_run_the_layer_again() -> None:
    module = network()
    x = X.clone().requires_grad_()
    for reentrant in (True, False):
        with pytest.raises(HookError, match=r"'1'.*checkpoint"), PLUS.applied_to(module):
            checkpoint(module, x, use_reentrant=reentrant)
        with torch.inference_mode(), PLUS.applied_to(module):
            assert torch.allclose(checkpoint(module, X, use_reentrant=reentrant), module(X))
    with PLUS.applied_to(module):
        module(x).sum().backward()  # without checkpoints gradients flow
    assert x.grad is not None


def compiled_in_place(module: nn.Module) -> nn.Module:
    module.compile(backend="eager")
    return module


def compiled_function(module: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    return torch.compile(lambda x: module(x), backend="eager")


def replicated() -> nn.Module:
    module = nn.DataParallel(network())
    module.device_ids = [0, 1]  # as on a machine with two devices
    return module


@pytest.mark.parametrize(
    ("make", "way_out"),
    [
        (lambda: torch.jit.script(network()), "scripted"),
        (replicated, r"\.module"),
    ],
)
def test_modules_that_run_no_hooks_are_refused(make: object, way_out: str) -> None:
    with pytest.raises(HookError, match=way_out), PLUS.applied_to(make()):  # type: ignore[operator]
        pass


@pytest.mark.parametrize(
    "compiled", [lambda module: torch.compile(module, backend="eager"), compiled_in_place, compiled_function]
)
def test_what_was_compiled_is_steered(compiled: Callable[[nn.Module], Callable[[torch.Tensor], torch.Tensor]]) -> None:
    module = network()
    run, plain = compiled(module), module(X)
    assert torch.allclose(run(X), plain)  # a graph is made now, without hooks
    with PLUS.applied_to(module):
        assert torch.allclose(run(X), plain + 100)
        with PLUS.applied_to(module), ThreadPoolExecutor(1) as pool:
            assert torch.allclose(run(X), plain + 200)
            assert torch.allclose(pool.submit(run, X).result(), plain)
        assert torch.allclose(run(X), plain + 100)
    assert torch.allclose(run(X), plain)
    if isinstance(run, nn.Module):
        with PLUS.applied_to(run):
            assert torch.allclose(run(X), plain + 100)


def test_scripted_copies_are_refused_in_place_of_what_is_steered() -> None:
    module, other = network(), torch.jit.script(nn.Linear(3, 2))
    for copy in (torch.jit.script(module), torch.jit.trace(module, X)):
        plain = copy(X)
        with PLUS.applied_to(module):
            with pytest.raises(HookError, match="scripted copy of the Sequential"):
                copy(X)
            with ThreadPoolExecutor(1) as pool:
                assert torch.equal(pool.submit(copy, X).result(), plain)
            assert other(X).shape == plain.shape
        assert torch.equal(copy(X), plain)


def test_a_part_that_is_scripted_or_wrapped() -> None:
    module = network()
    plain = module(X)
    module.add_module("1", torch.jit.script(module[1]))
    with pytest.raises(HookError, match=r"'1\.0'"), scaling(2, layer="1.0").applied_to(module):
        pass
    with scaling(2, layer="0").applied_to(module):
        assert not torch.allclose(module(X), plain)
    alone = nn.DataParallel(network())  # on one device, or none, it runs the module itself
    with PLUS.applied_to(alone):
        assert torch.allclose(alone(X), plain + 100)
    replica = network()
    replica[1]._is_replica = True
    with pytest.raises(HookError, match="replica"), PLUS.applied_to(replica):
        replica(X)


def test_a_layer_that_is_not_reached(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    class Idle(ImpalaPolicy):
        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Linear(2, 2)

    steered = SteeredPolicy(Idle(), Steering({"unused": torch.ones(2)}))
    with pytest.raises(LayerError, match="'unused'"):
        steered.action_probabilities(mazes[0].observe())


def test_what_is_no_module(small: ImpalaPolicy) -> None:
    with pytest.raises(TypeError, match="str"), PLUS.applied_to("small"):  # type: ignore[arg-type]
        pass
