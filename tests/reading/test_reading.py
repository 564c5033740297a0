"""Activations as named arrays, probes, channels that track a thing, attribution, and pictures of maps."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

from steered_env import (
    ImpalaPolicy,
    LayerError,
    Maze,
    ablation_effects,
    activations,
    as_policy,
    attribution,
    channels_that_track,
    linear_probe,
    maps_figure,
    rank_agreement,
    read_activations,
)
from steered_env.maze import ACTIONS_OF
from steered_env.policy import logits_of
from steered_env.simulator import draw_observations
from steered_env.steering import DEFAULT_LAYER, find_layer, map_position, zero_ablation

LAYERS = (DEFAULT_LAYER, "embedder.fc")


def test_named_arrays(small: ImpalaPolicy, mazes: list[Maze], tmp_path: Path) -> None:
    few = mazes[:5]
    read = activations(small, iter(few), LAYERS)
    expected = read_activations(small, LAYERS, draw_observations(few))
    for layer in LAYERS:
        assert np.allclose(read[layer], expected[layer], atol=1e-5)
        assert read[layer].coords["level"].values.tolist() == [0, 1, 2, 3, 4]
        assert read[layer].coords["layer"].item() == layer
    assert read["embedder.fc"].dims == ("maze", "channel")
    array = read[DEFAULT_LAYER]
    for cell in ((0, 0), (24, 3), (13, 20)):
        row, col = map_position(cell, 16, 16)
        assert array.sel(row=cell[0], col=cell[1], method="nearest").equals(array.isel(row=row, col=col))
    on_disk = activations(small, few, LAYERS, folder=tmp_path / "new")
    assert {path.suffix for path in (tmp_path / "new").iterdir()} == {".npy"}
    for layer in LAYERS:
        assert on_disk[layer].equals(read[layer])
        assert isinstance(on_disk[layer].variable._data, (np.memmap, np.ndarray))
    with pytest.raises(ValueError, match="at least one maze"):
        activations(small, [])


def test_files_are_whole_and_leave_arrays_in_use_alone(small: ImpalaPolicy, mazes: list[Maze], tmp_path: Path) -> None:
    """An array of a file that is replaced keeps its numbers, and no part of a read that fails takes its place."""
    name = "embedder.fc"
    first = activations(small, mazes[:3], name, folder=tmp_path)[name]
    expected = first.values.copy()
    second = activations(small, mazes[7:8], name, folder=tmp_path)[name]
    assert np.array_equal(first, expected)
    (file,) = tmp_path.iterdir()
    assert np.array_equal(np.load(file), second)
    assert Path(second.variable._data.filename) == file
    with pytest.raises(TypeError, match="Maze"):  # of the second batch
        activations(small, [*mazes, *mazes[:4], None], [name, "embedder.flatten"], folder=tmp_path)  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == [file]
    assert np.array_equal(np.load(file), second)


def test_gradients(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 5, stride=4), nn.Flatten(), nn.Linear(900, 15))
    policy = as_policy(network, preprocess=lambda o: o.permute(0, 3, 1, 2) / 255)
    for frozen in (False, True):
        network.requires_grad_(not frozen)
        read = activations(policy, mazes[:2], "0", grad=True)
        x = torch.from_numpy(read["0"].values).requires_grad_()
        network[1:](x).log_softmax(1).max(1).values.sum().backward()
        assert x.grad is not None
        assert np.allclose(read["0:grad"], x.grad, atol=1e-6)
    assert read["0:grad"].dims == ("maze", "channel", "row", "col")
    both = activations(small, mazes[:2], LAYERS, grad=True)
    assert set(both) == {*LAYERS, *(f"{layer}:grad" for layer in LAYERS)}
    observations = draw_observations(mazes[:2])
    assert np.allclose(
        logits_of(small, observations).softmax(1).detach(), small.action_probabilities(observations), atol=1e-6
    )


def in_place(is_in_place: bool) -> nn.Module:
    """A network whose second layer may write into what the first puts out."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 5, stride=4), nn.ReLU(inplace=is_in_place), nn.Flatten(), nn.Linear(900, 15)
    )
    return as_policy(network, preprocess=lambda o: o.permute(0, 3, 1, 2) / 255)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_layer_that_writes_into_its_input_changes_nothing(frozen: bool, mazes: list[Maze]) -> None:
    plain, writing = (in_place(is_in_place).requires_grad_(not frozen) for is_in_place in (False, True))
    expected, read = (activations(policy, mazes[:2], ["0", "1"], grad=True) for policy in (plain, writing))
    assert expected["0"].min() < 0
    for name, array in activations(writing, mazes[:2], ["0", "1"]).items():
        assert np.allclose(array, read[name], atol=1e-6)
    for name, array in expected.items():
        assert np.allclose(array, read[name], atol=1e-6), name
    for method in ("gradient", "integrated"):
        parts = [
            attribution(policy, mazes[0], mazes[0].without_cheese(), actions=[3], layer="0", method=method)  # type: ignore[arg-type]
            for policy in (plain, writing)
        ]
        assert np.allclose(*parts, atol=1e-6)


def test_gradients_are_refused_where_activations_are(mazes: list[Maze]) -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu, self.unused, self.fc = nn.ReLU(), nn.ReLU(), nn.Linear(12288, 15)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.relu(self.relu(x.flatten(1).float())))

    batch_norm = nn.BatchNorm2d(3)
    for policy, layer, error, message in (
        (as_policy(Twice()), "relu", LayerError, "relu"),
        (as_policy(Twice()), "unused", LayerError, "does not reach layer 'unused'"),
        (in_training_mode(nn.Dropout()), "0", ValueError, r"\.eval\(\)"),
        (in_training_mode(batch_norm), "0", ValueError, r"\.eval\(\)"),
    ):
        for grad in (False, True):
            with pytest.raises(error, match=message):
                activations(policy, mazes[:2], layer, grad=grad)
    assert not batch_norm.running_mean.any()  # type: ignore[union-attr]


def in_training_mode(part: nn.Module) -> nn.Module:
    network = nn.Sequential(part, nn.Flatten(), nn.Linear(12288, 15))
    return as_policy(network, preprocess=lambda o: o.permute(0, 3, 1, 2) / 255).train()


def test_a_layer_without_influence_has_a_gradient_of_zeros(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    assert not activations(small, mazes[:2], "fc_value", grad=True)["fc_value:grad"].any()


def test_gradients_of_stable_baselines3(mazes: list[Maze]) -> None:
    from gymnasium import spaces
    from stable_baselines3.common.policies import ActorCriticCnnPolicy
    from stable_baselines3.dqn.policies import CnnPolicy

    observations = draw_observations(mazes[:2])
    for kind in (ActorCriticCnnPolicy, CnnPolicy):
        policy = kind(spaces.Box(0, 255, (3, 64, 64), np.uint8), spaces.Discrete(15), lambda _: 0.0)
        layer = find_layer(as_policy(policy), "features_extractor.cnn.0")
        assert np.abs(activations(policy, mazes[:2], layer, grad=True)[f"{layer}:grad"]).max() > 0
        best = logits_of(policy, observations).argmax(dim=1)
        assert np.array_equal(best, as_policy(policy).action_probabilities(observations).argmax(axis=1))

    class Own(ImpalaPolicy):
        pass

    class Foreign(nn.Module):
        def action_probabilities(self, observations: np.ndarray) -> np.ndarray:
            return np.full((len(observations), 15), 1 / 15)

    assert logits_of(Own(), observations).shape == (2, 15)
    with pytest.raises(TypeError, match=r"as_policy\("):
        logits_of(Foreign(), observations)


def test_probes(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    shown = [maze for maze in mazes if maze.cheese][:40]
    pairs = [scene for maze in shown for scene in (maze, maze.without_cheese())]
    read = activations(small, pairs, DEFAULT_LAYER)[DEFAULT_LAYER]
    has_cheese = [maze.cheese is not None for maze in pairs]
    probe = linear_probe(read.mean(["row", "col"]), has_cheese, observations=draw_observations(pairs), folds=4)
    assert probe.control is not None
    assert probe.chance == 0.5
    assert 0 <= probe.control <= 1
    assert probe.score > 0.5
    assert probe.direction is not None
    assert probe.direction[DEFAULT_LAYER].shape == (32,)
    means = linear_probe(read.mean(["row", "col"], keepdims=True), has_cheese, folds=4)
    assert means.direction is not None
    assert means.direction[DEFAULT_LAYER].shape == (32, 1, 1)
    with means.direction.applied_to(small):  # it fits the layer
        small.action_probabilities(pairs[0].observe())
    sizes = linear_probe(read, [float(maze.size) for maze in pairs])
    assert sizes.score > 0.5 > sizes.chance
    assert sizes.direction is not None
    assert sizes.direction[DEFAULT_LAYER].shape == (32, 16, 16)
    three = linear_probe(read.mean(["row", "col"]), np.arange(len(pairs)) % 3)
    assert three.direction is None
    for targets, message in (([0, 1], "one target"), ([0] + [1] * (len(pairs) - 1), "at least 5")):
        with pytest.raises(ValueError, match=message):
            linear_probe(read, targets)
    words = np.array(["with" if has else "without" for has in has_cheese], dtype=object)
    assert linear_probe(read.mean(["row", "col"]), words, folds=4).score == probe.score
    for targets, message in (([True, None], "NoneType"), ([Decimal(1), Decimal(2)], "Decimal")):
        with pytest.raises(TypeError, match=message):
            linear_probe(read, targets * (len(pairs) // 2))
    channels = read.mean(["row", "col"])
    for array, targets, folds, message in (
        (channels, np.where(np.arange(len(pairs)) == 3, np.nan, 1.0), 5, "maze 3"),
        (channels.where(channels.maze != 4), has_cheese, 5, "maze 4"),
        (channels, [True] * len(pairs), 5, "two classes"),
        (channels, has_cheese, 1, "folds"),
        (channels, np.arange(0.0, len(pairs)), len(pairs) + 1, "folds"),
    ):
        with pytest.raises(ValueError, match=message):
            linear_probe(array, targets, folds=folds)
    for seed in (-1, 2**32):
        with pytest.raises(ValueError, match="seed must be 0 to 4294967295, got"):
            linear_probe(channels, has_cheese, seed=seed)
    with pytest.raises(ValueError, match="one observation"):
        linear_probe(read, has_cheese, observations=draw_observations(pairs[:2]))


def test_channels_that_track_a_thing() -> None:
    generator = np.random.default_rng(0)
    values = generator.standard_normal((20, 6, 16, 16)).astype(np.float32)
    cells = [(int(row), int(col)) for row, col in generator.integers(0, 25, (20, 2))]
    for number, cell in enumerate(cells):
        row, col = map_position(cell, 16, 16)
        values[number, 4, row, col] += 30
    frame = channels_that_track(xr.DataArray(values, dims=("maze", "channel", "row", "col")), cells)
    assert frame.index[0] == 4
    assert frame.loc[4, "hits"] == 1
    assert frame.loc[4, "contrast"] > 8
    assert frame.drop(4)["hits"].max() < 0.5
    for array, places, message in (
        (xr.DataArray(values[:, :, 0, 0], dims=("maze", "channel")), cells, "places"),
        (xr.DataArray(values, dims=("maze", "channel", "row", "col")), cells[:3], "one cell"),
    ):
        with pytest.raises(ValueError, match=message):
            channels_that_track(array, places)


def test_a_channel_that_is_the_same_everywhere_tracks_nothing(small: ImpalaPolicy) -> None:
    maze = Maze.from_level(4)
    mazes = [maze.with_mouse(cell) for cell in maze.path(maze.start, maze.corner)[:4]]
    with zero_ablation(channels=[4]).applied_to(small):
        read = activations(small, mazes)[DEFAULT_LAYER]
    for cell, chance in (((24, 0), 4 / 256), ((12, 12), 9 / 256)):
        frame = channels_that_track(read, [cell] * len(mazes))
        assert frame.loc[4].tolist() == [pytest.approx(chance), 0]
    values = np.zeros((1, 1, 16, 16), np.float32)
    values[..., 0, 0] = values[..., 8, 8] = 1
    frame = channels_that_track(xr.DataArray(values, dims=("maze", "channel", "row", "col")), [(24, 0)])
    assert frame.loc[0, "hits"] == 0.5


def test_attribution_agrees_with_exact_ablation(small: ImpalaPolicy) -> None:
    """In level 27 the way to the cheese and to the corner part at the decision square."""
    small = small.softened(5)
    maze = Maze.from_level(27)
    assert maze.decision_square is not None
    here = maze.with_mouse(maze.decision_square)
    there = here.without_cheese()
    left = ACTIONS_OF["left"]
    parts = {
        method: attribution(small, here, there, actions=left, method=method)  # type: ignore[arg-type]
        for method in ("gradient", "integrated")
    }

    def log_probability(scene: Maze) -> float:
        return float(np.log(small.action_probabilities(scene.observe())[list(left)].sum()))

    assert parts["integrated"].sum() == pytest.approx(log_probability(here) - log_probability(there), abs=0.05)
    exact = ablation_effects(small, here, there, actions=left)
    assert exact.dims == ("channel",)
    agreements = {method: rank_agreement(part, exact) for method, part in parts.items()}
    assert agreements["integrated"] > 0.5
    assert rank_agreement(exact, exact) == pytest.approx(1)
    assert rank_agreement(exact, -exact) == pytest.approx(-1)
    for actions in ([], [15]):
        with pytest.raises(ValueError, match="at least one action"):
            attribution(small, here, there, actions=actions)
    for actions in (np.isin(np.arange(15), left), "67", 7):
        for explains in (attribution, ablation_effects):
            with pytest.raises(TypeError, match="action"):
                explains(small, here, there, actions=actions)  # type: ignore[operator]
    with pytest.raises(ValueError, match="'guess'"):
        attribution(small, here, there, actions=left, method="guess")  # type: ignore[arg-type]


def test_attribution_of_a_linear_network(mazes: list[Maze]) -> None:
    """Where the logits are linear in the layer, a gradient of two classes is exact up to the normalisation."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(12288, 8), nn.Linear(8, 15))
    policy = as_policy(network, preprocess=lambda o: o.float() / 255)
    part = attribution(policy, mazes[0], mazes[0].without_cheese(), actions=[3], layer="1")
    exact = ablation_effects(policy, mazes[0], mazes[0].without_cheese(), actions=[3], layer="1")
    assert part.dims == exact.dims == ("channel",)
    assert np.allclose(part, exact, atol=1e-3)


def test_channels_of_tokens_are_read_and_explained_as_they_are_steered(mazes: list[Maze]) -> None:
    """Activations ``(T, C)`` have their channels last."""
    network = nn.Sequential(nn.Unflatten(1, (64, 192)), nn.Linear(192, 4), nn.Flatten(), nn.Linear(256, 15))
    policy = as_policy(network, preprocess=lambda o: o.flatten(1).float() / 255)
    there = mazes[0].without_cheese()
    read = activations(policy, mazes[:2], "1")["1"]
    assert dict(read.sizes) == {"maze": 2, "place": 64, "channel": 4}
    part = attribution(policy, mazes[0], there, actions=[3], layer="1")
    exact = ablation_effects(policy, mazes[0], there, actions=[3], layer="1")
    assert exact.dims == ("channel",)
    assert np.allclose(part.sum("place"), exact, atol=1e-3)
    with zero_ablation(layer="1", channels=[2]).applied_to(policy):
        without = activations(policy, mazes[:2], "1")["1"]
    assert not without.sel(channel=2).any()
    assert without.sel(channel=1).equals(read.sel(channel=1))


def test_pictures_of_maps(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    read = activations(small, mazes[:1])[DEFAULT_LAYER]
    figure = maps_figure(read[0], mazes[0])
    assert len([axes for axes in figure.axes if axes.get_title()]) == 8
    few = maps_figure(read[0], mazes[0], [3, 5])
    assert [axes.get_title() for axes in few.axes if axes.get_title()] == ["channel 3", "channel 5"]
    for array, channels, error, message in (
        (read, None, ValueError, "one maze"),
        (read[0], [32], ValueError, "0 to 31"),
        (read[0], [], ValueError, "at least one channel"),
        (read[0], np.isin(np.arange(32), [3, 5]), TypeError, "flatnonzero"),
    ):
        with pytest.raises(error, match=message):
            maps_figure(array, mazes[0], channels)  # type: ignore[arg-type]


class MadeOnTheWay(Collection[Maze]):
    """Mazes that are made when they are asked for; knows how many of them are alive at most."""

    def __init__(self, maze: Maze, count: int) -> None:
        self.maze, self.count, self.most_alive = maze, count, 0

    def __len__(self) -> int:
        return self.count

    def __contains__(self, _: object) -> bool:
        return False

    def __iter__(self) -> Iterator[Maze]:
        made: list[weakref.ref[Maze]] = []
        for number in range(self.count):
            maze = self.maze.with_mouse(self.maze.path(self.maze.start, self.maze.corner)[number % 5])
            made.append(weakref.ref(maze))
            self.most_alive = max(self.most_alive, sum(kept() is not None for kept in made))
            yield maze
            del maze


def test_mazes_that_are_made_on_the_way_are_not_kept(small: ImpalaPolicy, tmp_path: Path) -> None:
    mazes = MadeOnTheWay(Maze.from_level(26), 200)
    read = activations(small, mazes, "embedder.fc", folder=tmp_path)["embedder.fc"]
    assert read.shape[0] == 200
    assert isinstance(np.asarray(read.data).base, np.memmap) or isinstance(read.data, np.memmap)
    assert mazes.most_alive < 140  # two batches
    np.testing.assert_allclose(read[:5], read[195:], atol=1e-5)
