"""Vectors from many pairs, of many places, their algebra, and what is saved with them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from evaluation.measuring import Condition, SteeringFactory, read_conditions
from evaluation.measuring.expressions import ConditionError
from steered_env import (
    ImpalaPolicy,
    Maze,
    SteeredPolicy,
    Steering,
    VectorError,
    cheese_vector,
    cheese_vectors,
    corner_vector,
    mean_difference,
    principal_components,
    random_vector,
    top_right_vector,
)
from steered_env.simulator import WORLD_SIZE
from steered_env.steering import DEFAULT_LAYER

LAYERS = ("embedder.block1.res2", DEFAULT_LAYER)


def pairs_of(mazes: list[Maze]) -> list[tuple[Maze, Maze]]:
    return [(maze, maze.without_cheese()) for maze in mazes]


def test_the_mean_of_many_differences(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    vectors = [cheese_vector(small, maze, layer=LAYERS) for maze in mazes[:35]]  # more than one batch
    mean = mean_difference(small, iter(pairs_of(mazes[:35])), layer=LAYERS)
    for layer in LAYERS:
        expected = torch.stack([vector[layer] for vector in vectors]).double().mean(dim=0).float()
        assert torch.allclose(mean[layer], expected, atol=1e-5)
    observations = mean_difference(small, [(a.observe(), b.observe()) for a, b in pairs_of(mazes[:2])])
    assert torch.allclose(
        observations[DEFAULT_LAYER], mean_difference(small, pairs_of(mazes[:2]))[DEFAULT_LAYER], atol=1e-5
    )
    network = nn.Sequential(nn.Linear(3, 2))
    x = torch.eye(3)
    by_hand = (network(x[:1]) + network(x[1:2]) - 2 * network(x[2:])).detach()[0] / 2
    outside = mean_difference(network, [(x[:1], x[2:]), (x[1:2], x[2:])], layer="0")
    assert torch.allclose(outside["0"], by_hand, atol=1e-6)
    for wrong, error in (([], ValueError), ([mazes[0]], TypeError)):
        with pytest.raises(error, match="pair"):
            mean_difference(small, wrong)


def test_principal_components(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    from sklearn.decomposition import PCA  # here, since it takes long

    pairs = pairs_of(mazes[:8])
    first, second = principal_components(small, pairs, 2)
    assert abs(first.cosine(second)) < 1e-4
    assert first.norm() > second.norm()
    rows = np.stack([cheese_vector(small, maze)[DEFAULT_LAYER].numpy().ravel() for maze in mazes[:8]])
    direction = PCA(1).fit(np.concatenate([rows, -rows])).components_[0]
    found = first[DEFAULT_LAYER].numpy().ravel()
    assert abs(found @ direction) == pytest.approx(first.norm(), rel=1e-4)
    assert first.norm() == pytest.approx(np.sqrt(((rows @ direction) ** 2).mean()), rel=1e-4)
    assert first.dot(mean_difference(small, pairs)) > 0
    both = principal_components(small, pairs[:2], layer=LAYERS)[0]
    assert [both[layer].shape for layer in LAYERS] == [
        cheese_vector(small, mazes[0], layer=layer)[layer].shape for layer in LAYERS
    ]
    for count in (0, 9):
        with pytest.raises(ValueError, match=f"1 to 8.*got {count}"):
            principal_components(small, pairs, count)


def test_a_vector_for_each_place_of_the_cheese(small: ImpalaPolicy) -> None:
    maze = Maze.from_level(0)
    cells = maze.path(maze.start, maze.corner)[1:4]
    vectors = cheese_vectors(small, maze, cells)
    assert list(vectors) == cells
    for cell, vector in vectors.items():
        alone = cheese_vector(small, maze, cell=cell)
        assert torch.allclose(vector[DEFAULT_LAYER], alone[DEFAULT_LAYER], atol=1e-5)
        assert vector.origin == alone.origin
    tiny = next(maze for maze in Maze.from_levels(range(40)) if maze.size == 3)
    assert len(cheese_vectors(small, tiny)) == int((~tiny.walls).sum()) - 1
    with pytest.raises(ValueError, match="wall"):
        cheese_vectors(small, maze, [(0, 0)])


@pytest.mark.parametrize("corner", ["top right", "top left", "bottom right", "bottom left"])
def test_a_path_from_each_corner(corner: str, small: ImpalaPolicy, mazes: list[Maze]) -> None:
    maze = next(maze for maze in mazes if maze.size <= 9)
    carved = maze.with_corner_path(corner)
    end = ((WORLD_SIZE - 1) * ("top" in corner), (WORLD_SIZE - 1) * ("right" in corner))
    cell = maze.corners[corner]
    path = carved.path(cell, end)
    assert {path[0], path[-1]} == {cell, end}
    assert len(path) == 1 + abs(cell[0] - end[0]) + abs(cell[1] - end[1])
    assert int(maze.walls.sum() - carved.walls.sum()) == len(path) - 1
    vector = corner_vector(small, maze, corner=corner)
    steered = SteeredPolicy(small, vector).action_probabilities(maze.observe())
    assert np.allclose(steered, small.action_probabilities(carved.observe()), atol=1e-5)
    if corner == "top right":
        assert carved == maze.with_top_right_path()
        assert vector == top_right_vector(small, maze)
    with pytest.raises(VectorError, match="open already"):
        corner_vector(small, carved, corner=corner)
    with pytest.raises(ValueError, match=r"top right.*'left top'"):
        maze.with_corner_path("left top")


A = Steering({"a": torch.tensor([3.0, 4.0]), "b": torch.tensor([[12.0]])})
B = Steering({"a": torch.tensor([1.0, 0.0]), "c": torch.tensor([7.0])})


def test_lengths_and_angles() -> None:
    assert A.norm() == pytest.approx(13)
    assert A.normalised().norm() == pytest.approx(1)
    assert A.normalised().cosine(A) == pytest.approx(1)
    assert A.dot(B) == B.dot(A) == 3
    assert A.cosine(-2 * A) == pytest.approx(-1)
    both = A.onto(B) + A.away_from(B)
    assert torch.allclose(both["a"], A["a"])
    assert torch.allclose(both["c"], torch.zeros(1), atol=1e-6)
    assert A.onto(B).cosine(B) == pytest.approx(1)
    assert A.away_from(B).dot(B) == pytest.approx(0, abs=1e-5)
    assert A.onto(B)["c"] == pytest.approx(7 * 3 / 50)
    assert math.isnan(A.cosine(0 * A))
    for impossible in (
        lambda: (0 * A).normalised(),
        lambda: A.onto(0 * A),
        lambda: A.dot(Steering({"a": torch.ones(3)})),
    ):
        with pytest.raises(ValueError, match=r"zeros|\(2,\) and \(3,\)"):
            impossible()


def test_arrays_and_shapes_that_broadcast() -> None:
    assert Steering({"a": np.array([1, 2])}) == Steering({"a": torch.tensor([1.0, 2.0])})
    for wrong in (np.array(["x"]), np.array([1 + 2j])):
        with pytest.raises(TypeError, match="floating-point tensor, got ndarray"):
            Steering({"a": wrong})
    network, x = nn.Sequential(nn.Conv2d(1, 3, 1)), torch.rand(2, 1, 4, 5)
    with torch.no_grad():
        plain = network(x)
        for shape in ((3, 1, 1), (5,), (3, 4, 5), ()):
            tensor = torch.randn(shape)
            with Steering({"0": tensor}).applied_to(network):
                assert torch.allclose(network(x), plain + tensor)
        for shape in ((3,), (2, 3, 4, 5), (1, 3, 4, 5)):
            with pytest.raises(ValueError, match=r"\(3, 4, 5\)"), Steering({"0": np.ones(shape)}).applied_to(network):
                network(x)
    assert (A + Steering({"a": np.array(1.0)}))["a"].tolist() == [4, 5]


def test_what_made_a_vector_is_saved_with_it(small: ImpalaPolicy, tmp_path: Path) -> None:
    maze = Maze.from_level(3)
    cheese, corner = cheese_vector(small, maze), top_right_vector(small, maze)
    total = 2 * corner - cheese + 0.5 * cheese
    made = {part["made_by"]: part for part in total.origin}
    assert {name: part["times"] for name, part in made.items()} == {"corner_vector": 2.0, "cheese_vector": -0.5}
    for part in made.values():
        assert Maze.from_text(part["maze"]) == maze
        assert part["policy"]["class"] == "ImpalaPolicy"
    total.save(tmp_path / "total.safetensors")
    loaded = Steering.load(tmp_path / "total.safetensors")
    assert loaded == total
    assert loaded.origin == total.origin
    other = ImpalaPolicy()
    assert cheese_vector(other, maze).origin[0]["policy"] != made["cheese_vector"]["policy"]
    assert (cheese - cheese).origin == []
    assert A.origin == [{"times": 1.0, "made_by": "tensors"}]
    assert A.made_by("hand", note="mine").origin[0]["note"] == "mine"
    for vector in (
        mean_difference(small, pairs_of([maze])),
        principal_components(small, pairs_of([maze]))[0],
        random_vector(cheese),
        Steering.difference(nn.Sequential(nn.Linear(2, 2)), torch.ones(1, 2), {"input": torch.zeros(1, 2)}, layer="0"),
    ):
        vector.save(tmp_path / "one.safetensors")
        assert Steering.load(tmp_path / "one.safetensors").origin == vector.origin
    save_file({"a": torch.ones(1)}, tmp_path / "old.safetensors", metadata={"steered_env": "steering"})
    assert Steering.load(tmp_path / "old.safetensors").origin == [{"times": 1.0, "made_by": "tensors"}]


def test_words_of_conditions(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    maze = next(maze for maze in mazes if 5 <= maze.size <= 9 and maze.cheese)
    cheese, corner = cheese_vector(small, maze), top_right_vector(small, maze)
    cell = maze.corners["top left"]
    few = [maze for maze in mazes[:4] if maze.cheese]
    mine = Steering({DEFAULT_LAYER: torch.ones(32, 1, 1)})
    expected = {
        "top_left - cheese": corner_vector(small, maze, corner="top left") - cheese,
        f"cheese(cell={cell})": cheese_vector(small, maze, cell=cell),
        "cheese(levels='0:4')": mean_difference(small, pairs_of(few)),
        "-cheese(levels=(0, 1, 2, 3), component=1)": -principal_components(small, pairs_of(few))[0],
        "5 * unit(cheese)": 5 * cheese.normalised(),
        "onto(top_right, cheese) / 2": corner.onto(cheese) / 2,
        "away_from(2*top_right, cheese)": (2 * corner).away_from(cheese),
        "unit(mine) - 3*mine": mine.normalised() - 3 * mine,
    }
    made = SteeringFactory(small).steerings(read_conditions(list(expected), {"mine": mine}), maze)
    for name, steering in expected.items():
        assert torch.allclose(made[name][DEFAULT_LAYER], steering[DEFAULT_LAYER], atol=1e-5), name  # type: ignore[index]
    largest = next(maze for maze in mazes if maze.size == 25)
    names = ["top_left", "unit(cheese - cheese)", f"cheese(cell={largest.start})", "cheese"]
    assert list(SteeringFactory(small).steerings(read_conditions(names), largest)) == ["cheese"]
    assert Condition.parse("unit(cheese(layer='embedder.fc'))").layers == ("embedder.fc",)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("unit(cheese, top_right)", "unit takes 1 vector"),
        ("onto(cheese)", r"onto takes 2 vectors, such as onto\(cheese, top_right\)"),
        ("unit(3)", "takes vectors"),
        ("unit(baseline)", "takes vectors"),
        ("unt(cheese)", r"unit\(\).*did you mean 'unit'"),
        ("cheese(levels='4:2')", "above the start"),
        ("cheese(levels='a')", "7, 0:100 or 3,8,12"),
        ("cheese(level=1, levels='0:3')", "level and levels"),
        ("cheese(component=1)", "name their levels"),
        ("cheese(levels='0:3', component=0)", "component must be ≥ 1"),
        ("cheese(cell=3)", "cell"),
        ("top_right(cell=(3, 4))", "no option cell"),
        ("mine(level=3)", "mine takes no options"),
    ],
)
def test_bad_words_point_at_the_place(expression: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        Condition.parse(expression, {"mine": A})


@pytest.mark.parametrize(
    ("vectors", "error", "message"),
    [
        ({"cheese": A}, ValueError, "meaning already"),
        ({"unit": A}, ValueError, "meaning already"),
        ({"my vector": A}, ValueError, "'my vector'"),
        ({"lambda": A}, ValueError, "'lambda'"),
        ({"mine": torch.ones(2)}, TypeError, "'mine' must be a Steering, got Tensor"),
    ],
)
def test_vectors_that_no_word_can_stand_for(vectors: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_conditions(["baseline"], vectors)  # type: ignore[arg-type]
