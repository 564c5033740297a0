from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from steered_env import (
    ImpalaPolicy,
    LayerError,
    Maze,
    Steering,
    VectorError,
    cheese_vector,
    random_vector,
    save_policy,
    top_right_vector,
)
from steered_env.steering import DEFAULT_LAYER

A = Steering({"a": torch.tensor([1.0, -2.0]), "b": torch.tensor([[3.0]])})
B = Steering({"a": torch.tensor([0.5, 0.5]), "c": torch.tensor([1.0])})


def test_algebra() -> None:
    total = 2 * A - B
    assert set(total) == {"a", "b", "c"}
    assert total["a"].tolist() == [1.5, -4.5]
    assert total["b"].tolist() == [[6.0]]
    assert total["c"].tolist() == [-1.0]
    assert sum([A, B, A]) == A + B + A
    assert -A == A * -1 == A * np.float64(-1)
    assert A / 2 == 0.5 * A
    for two in (np.float64(2), np.float32(2), np.int64(2), *np.linspace(2, 3, 1)):
        assert two * A == A * two == 2 * A
    assert A - A == 0 * A != A
    assert Steering() + A == A
    assert A.norm() == pytest.approx(np.sqrt(1 + 4 + 9))


def test_immutable() -> None:
    source = torch.ones(2)
    steering = Steering({"a": source})
    source[0] = 9
    steering["a"][1] = 9
    assert steering["a"].tolist() == [1, 1]
    with pytest.raises(TypeError):
        steering["a"] = source  # type: ignore[index]
    with pytest.raises(TypeError, match="unhashable"):
        hash(steering)


def test_save_and_load(tmp_path: Path) -> None:
    A.save(tmp_path / "new" / "a.safetensors")
    assert Steering.load(tmp_path / "new" / "a.safetensors") == A
    with pytest.raises(ValueError, match=r"as \.safetensors only"):
        A.save(tmp_path / "a.pt")
    (tmp_path / "bad.safetensors").write_bytes(b"abc")
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        Steering.load(tmp_path / "bad.safetensors")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Steering({"a": [1.0]}), TypeError, "floating-point tensor, got list"),
        (lambda: Steering({"a": torch.tensor([1])}), TypeError, "got torch.int64"),
        (lambda: Steering({"a": torch.tensor([torch.nan])}), ValueError, "not finite"),
        (lambda: Steering({"a": torch.ones(2, requires_grad=True)}), ValueError, r"\.detach\(\)"),
        (lambda: A + Steering({"a": torch.ones(3)}), ValueError, r"shapes \(2,\) and \(3,\)"),
        (lambda: Steering({"a": torch.tensor([1e300], dtype=torch.float64)}), ValueError, "single precision"),
        (lambda: Steering({"a": np.array([1e300])}), ValueError, "single precision"),
        (lambda: A * float("inf"), ValueError, "coefficient must be finite, got inf"),
        (lambda: A / 0, ZeroDivisionError, "steering"),
        (lambda: np.array(2.0) * A, TypeError, "unsupported operand.*Steering"),
        (lambda: A * np.array([2.0]), TypeError, "Steering"),
        (lambda: np.float64(1) + A, TypeError, "unsupported operand.*Steering"),
        (lambda: random_vector(A, seed=-1), ValueError, "seed must be ≥ 0, got -1"),
        (lambda: random_vector(A, seed=1.5), TypeError, "seed must be a whole number, got 1.5"),  # type: ignore[arg-type]
        (lambda: random_vector(A, level=-1), ValueError, "level must be ≥ 0, got -1"),
        (lambda: A * "x", TypeError, "can't multiply"),
        (lambda: A + 1, TypeError, "unsupported operand"),
    ],
)
def test_bad_steerings(make: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()  # type: ignore[operator]


def test_applied_to_any_module_and_taken_off_again() -> None:
    module = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    x = torch.randn(4, 3)
    plain = module(x)
    steering = Steering({"0": torch.tensor([1.0, -1.0])})
    with steering.applied_to(module) as steered:
        assert steered is module
        assert torch.allclose(module(x), (module[0].weight @ x.T).T.add(module[0].bias).add(steering["0"]).relu())
    assert torch.equal(module(x), plain)
    with pytest.raises(RuntimeError, match="stop"), steering.applied_to(module):
        raise RuntimeError("stop")
    assert torch.equal(module(x), plain)
    assert not module[0]._forward_hooks


def test_difference_of_mazes_and_observations(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    maze, other = mazes[0], mazes[0].without_cheese()
    layers = ["embedder.block1.res2", DEFAULT_LAYER]
    steering = Steering.difference(reference_policy, maze, other, layer=layers)
    assert steering == Steering.difference(reference_policy, maze.observe(), other.observe(), layer=layers)
    read: dict[str, torch.Tensor] = {}
    handles = [
        reference_policy.get_submodule(name).register_forward_hook(lambda _m, _i, out, n=name: read.update({n: out}))
        for name in layers
    ]
    with torch.no_grad():
        reference_policy(torch.from_numpy(np.stack([maze.observe(), other.observe()])).permute(0, 3, 1, 2) / 255)
    for handle in handles:
        handle.remove()
    for name in layers:
        assert torch.allclose(steering[name], read[name][0] - read[name][1], atol=1e-5)
    assert tuple(steering[DEFAULT_LAYER].shape) == (32, 16, 16)


@pytest.mark.parametrize("level", [0, 2, 8, 12, 27])
def test_closed_form_at_the_start(reference_policy: ImpalaPolicy, level: int) -> None:
    """At the start cell a vector with coefficient 1 does what the edit it came from would do."""
    maze = Maze.from_level(level)
    for steering, edited in (
        (-cheese_vector(reference_policy, maze), maze.without_cheese()),
        (top_right_vector(reference_policy, maze), maze.with_top_right_path()),
    ):
        with steering.applied_to(reference_policy):
            steered = reference_policy.action_probabilities(maze.observe())
        assert np.allclose(steered, reference_policy.action_probabilities(edited.observe()), atol=1e-5)


def test_names_of_the_literature(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    steering = cheese_vector(reference_policy, mazes[0], layer="embedder.block2.res1.resadd_out")
    assert steering == cheese_vector(reference_policy, mazes[0])
    assert list(steering) == [DEFAULT_LAYER]
    raw = Steering({"embedder.block2.res1.resadd_out": steering[DEFAULT_LAYER]})
    observation = mazes[0].observe()
    probabilities = []
    for one in (steering, raw):
        with one.applied_to(reference_policy):
            probabilities.append(reference_policy.action_probabilities(observation))
    assert np.array_equal(*probabilities)


def test_random_vector(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    like = cheese_vector(reference_policy, mazes[0])
    one = random_vector(like, seed=1, level=5)
    assert one == random_vector(like, seed=1, level=5)
    assert one != random_vector(like, seed=2, level=5)
    assert one != random_vector(like, seed=1, level=6)
    deviation = float(like[DEFAULT_LAYER].std(correction=0))
    numbers = one[DEFAULT_LAYER].numpy().ravel()
    assert numbers.std() == pytest.approx(deviation, rel=0.03)
    assert abs(numbers.mean()) < 4 * deviation / np.sqrt(numbers.size)
    with pytest.raises(ValueError, match="seed must be ≥ 0"):
        random_vector(like, seed=-1)


def test_vectors_that_do_not_exist(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    with pytest.raises(VectorError, match="it has no cheese"):
        cheese_vector(reference_policy, mazes[0].without_cheese())
    with pytest.raises(VectorError, match="no path to carve"):
        top_right_vector(reference_policy, next(maze for maze in mazes if maze.size == 25))
    with pytest.raises(VectorError, match="open already"):
        top_right_vector(reference_policy, mazes[0].with_top_right_path())


def test_layers_that_do_not_exist(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    with pytest.raises(
        LayerError, match=r"no layer 'embedder\.block2\.res1\.redadd'; near names are embedder\.block2\.res1\.resadd"
    ):
        cheese_vector(reference_policy, mazes[0], layer="embedder.block2.res1.redadd")
    with pytest.raises(LayerError, match="no layer 'a'"), A.applied_to(reference_policy):
        pass


def test_wrong_shapes(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    wide = Steering({DEFAULT_LAYER: torch.zeros(128, 16, 16)})
    message = r"layer 'embedder\.block2\.res1\.resadd' has shape \(128, 16, 16\).*have shape \(32, 16, 16\)"
    with pytest.raises(ValueError, match=message), wide.applied_to(reference_policy):
        reference_policy.action_probabilities(mazes[0].observe())
    assert not reference_policy.get_submodule(DEFAULT_LAYER)._forward_hooks
    with pytest.raises(ValueError, match="one maze or one observation"):
        Steering.difference(reference_policy, np.zeros((2, 64, 64, 3), np.uint8), mazes[0])


def test_files_that_hold_something_else(reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_policy(reference_policy, path)
    with pytest.raises(ValueError, match=r"holds no steering but something else, such as 'embedder.*load_policy reads"):
        Steering.load(path)
    save_file({"a": torch.ones(2)}, path, metadata={"made_by": '"another program"'})
    with pytest.raises(ValueError, match="with the metadata 'made_by'"):
        Steering.load(path)
    save_file({"a": torch.tensor([1.0, -2.0]), "b": torch.tensor([[3.0]])}, path)  # as they were before the mark
    assert Steering.load(path) == A
    named_so = Steering({"layer.weight": torch.ones(2)})
    named_so.save(path)
    assert Steering.load(path) == named_so


def test_vectors_of_what_is_no_policy_maze_or_layer(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    for vector in (cheese_vector, top_right_vector):
        with pytest.raises(TypeError, match="got 'small'"):
            vector("small", mazes[0])  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"maze must be a Maze, got int; Maze\.from_level\(0\) makes one"):
            vector(reference_policy, 0)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"layer must be a dotted name such as 'embedder.*, or several, got None"):
            vector(reference_policy, mazes[0], layer=None)  # type: ignore[arg-type]
