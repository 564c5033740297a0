from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
import torch

from evaluation import evaluate, vector_field
from evaluation.measuring.shared_forward import SharedForward
from steered_env import ImpalaPolicy, Maze, SteeredPolicy, Steering, cheese_vector, random_vector
from steered_env.policy import to_input
from steered_env.simulator import draw_observations
from steered_env.steering import (
    DEFAULT_LAYER,
    InTurn,
    LayerError,
    adding_with_norm,
    clamping,
    gated,
    map_position,
    mean_ablation,
    projecting_out,
    read_activations,
    resampling,
    resampling_each_pass,
    scaling,
    setting,
    turning,
    zero_ablation,
)

CPU = torch.device("cpu")


def activations(policy: ImpalaPolicy, maze: Maze, layer: str = DEFAULT_LAYER) -> torch.Tensor:
    return read_activations(policy, [layer], to_input(maze.observe(), CPU))[layer].clone()


def changed(policy: ImpalaPolicy, maze: Maze, intervention: object, layer: str = DEFAULT_LAYER) -> torch.Tensor:
    """What the layer puts out while the intervention is applied; hooks run in the order they were made."""
    with intervention.applied_to(policy):  # type: ignore[attr-defined]
        return activations(policy, maze, layer)


def test_scaling_and_zero(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    before = activations(small, mazes[0])
    assert torch.equal(changed(small, mazes[0], scaling(3)), before * 3)
    assert torch.equal(changed(small, mazes[0], zero_ablation()), torch.zeros_like(before))
    some = changed(small, mazes[0], scaling(-2, channels=[4, 7]))
    expected = before.clone()
    expected[:, [4, 7]] *= -2
    assert torch.equal(some, expected)
    assert torch.equal(activations(small, mazes[0]), before)  # nothing stays behind


@pytest.mark.parametrize("shape", [(6, 10), (6, 5, 10), (6, 10, 4, 4)])
def test_channels_lie_last_in_tokens_and_first_elsewhere(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    expected = x.clone()
    expected.select(-1 if len(shape) == 3 else 1, 7)[:] = 0
    assert torch.equal(directed(x, zero_ablation(layer="0", channels=[7])), expected)


@pytest.mark.parametrize("channels", [np.array([5, 9]), torch.tensor([5, 9]), iter((5, 9)), {5, 9}, (np.int8(5), 9)])
def test_numbers_of_channels_of_any_kind(channels: Iterable[int]) -> None:
    assert sorted(zero_ablation(channels=channels).change.where.channels) == [5, 9]  # type: ignore[attr-defined]


MASK = np.isin(np.arange(32), [5, 9])


@pytest.mark.parametrize("channels", [MASK, MASK.tolist(), torch.from_numpy(MASK), [3.7], "37", 3, np.array(3), [[3]]])
def test_what_names_no_channels(channels: object) -> None:
    """A mask would be taken for the numbers 0 and 1."""
    with pytest.raises(TypeError, match="channel"):
        zero_ablation(channels=channels)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="channel"):
        zero_ablation().in_channels(channels)  # type: ignore[arg-type]


def test_mean_and_resampling(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    mean = torch.stack([activations(small, maze)[0] for maze in mazes[:5]]).mean(0)
    ablated = changed(small, mazes[9], mean_ablation(small, mazes[:5]))[0]
    assert torch.allclose(ablated, mean, atol=1e-5)
    expected = activations(small, mazes[9])
    expected[:, 3] = activations(small, mazes[2])[:, 3]
    assert torch.equal(changed(small, mazes[9], resampling(small, mazes[2], channels=[3])), expected)


def test_resampling_a_whole_layer_is_the_other_maze(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    patched = SteeredPolicy(small, resampling(small, mazes[2]))
    there = small.action_probabilities(mazes[2].observe())
    assert np.allclose(patched.action_probabilities(mazes[9].observe()), there, atol=1e-6)


def test_setting_one_activation(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    expected = activations(small, mazes[0])
    assert expected.shape[1:] == (32, 16, 16)
    expected[:, 5, 0, 15] = 7.5
    assert torch.equal(changed(small, mazes[0], setting(7.5, (24, 24), channels=[5])), expected)
    expected[:, :, 15, 0] = -1.0
    both = setting(7.5, (24, 24), channels=[5]).then(setting(-1, (0, 0)))
    assert torch.equal(changed(small, mazes[0], both), expected)


def test_the_activation_over_a_cell_is_where_the_mouse_is(mazes: list[Maze]) -> None:
    """Moving the mouse changes the observation most around the place that `map_position` names."""
    maze = Maze.from_text("\n".join(["." * 25] * 24 + ["<" + "." * 24]))
    for cell in ((3, 20), (20, 3), (12, 12), (24, 0)):
        here, away = draw_observations([maze.with_mouse(cell), maze.with_mouse((0, 12))]).astype(float)
        difference = np.abs(here - away).sum(axis=2)
        row, col = map_position(cell, 64, 64)
        own = difference[max(0, row - 2) : row + 3, max(0, col - 2) : col + 3].sum()
        assert own > 0.3 * difference.sum(), cell


def test_one_after_the_other(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    vector = cheese_vector(small, mazes[0])
    before = activations(small, mazes[0])
    tensor = vector[DEFAULT_LAYER]
    assert torch.equal(changed(small, mazes[0], vector.then(scaling(2))), (before + tensor) * 2)
    assert torch.equal(changed(small, mazes[0], scaling(2).then(vector)), before * 2 + tensor)
    assert vector.then(vector) == 2 * vector
    other = "embedder.block3"
    mixed = vector.then(scaling(0, layer=other)).then(Steering())
    assert set(mixed.changes()) == {DEFAULT_LAYER, other}
    assert not changed(small, mazes[0], mixed, other).any()


@pytest.mark.parametrize("layer", ["embedder.block2.res1", "embedder.block1.conv", "embedder.fc", "embedder.block3"])
def test_the_harness_shares_passes_without_changing_them(small: ImpalaPolicy, mazes: list[Maze], layer: str) -> None:
    """Every way to run an intervention gives the same probabilities."""
    observations = draw_observations(mazes[:6])
    edit = scaling(0.5, layer=layer, channels=[1, 2]).then(cheese_vector(small, mazes[0]))
    own = SteeredPolicy(small, edit).action_probabilities(observations)
    shared = SharedForward(small).probabilities(observations, [edit, InTurn(), zero_ablation()])
    assert np.allclose(shared[0], own, atol=1e-6)
    assert np.allclose(shared[1], small.action_probabilities(observations), atol=1e-6)
    assert not np.allclose(shared[2], shared[1], atol=1e-2)


def test_as_a_condition(small: ImpalaPolicy) -> None:
    maze = Maze.from_level(3)
    conditions = {
        "nothing": scaling(1),
        "all zero": zero_ablation(layer="embedder.relufc"),
        "no cheese": lambda policy, maze: resampling(policy, maze.without_cheese()),
    }
    frame = evaluate(small, 3, ["baseline", *conditions.items()]).frame.set_index("condition")
    assert frame.loc["nothing", "reach_cheese"] == pytest.approx(frame.loc["baseline", "reach_cheese"], abs=1e-6)
    assert not np.allclose(
        vector_field(small, maze, zero_ablation()).arrows, vector_field(small, maze).arrows, equal_nan=True
    )
    steered = evaluate(SteeredPolicy(small, zero_ablation(layer="embedder.relufc")), 3).frame["reach_cheese"][0]
    assert steered == pytest.approx(frame.loc["all zero", "reach_cheese"], abs=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: scaling(float("nan")), "factor must be finite"),
        (lambda p: scaling(1, channels=[]), "at least one channel"),
        (lambda p: scaling(1, channels=[-1]), "channel must be ≥ 0, got -1"),
        (lambda p: setting(1, (25, 0)), "cell"),
        (lambda p: setting(float("inf"), (0, 0)), "activation must be finite"),
        (lambda p: mean_ablation(p, []), "at least one maze"),
    ],
)
def test_bad_arguments(small: ImpalaPolicy, make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(small)  # type: ignore[operator]


def test_what_does_not_fit_is_named(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    observation = mazes[0].observe()
    cases = {
        "the layer has channels 0 to 31, got 32": scaling(0, channels=[3, 32]),
        r"only a layer with activations \(C, H, W\)": setting(1, (0, 0), layer="embedder.fc"),
        "the activations to put in have shape": resampling(small, mazes[0], layer="embedder.fc"),
    }
    wrong = cases.pop("the activations to put in have shape")
    cases["the activations to put in have shape"] = type(wrong)(DEFAULT_LAYER, wrong.change)
    for message, edit in cases.items():
        with pytest.raises(ValueError, match=message):
            SteeredPolicy(small, edit).action_probabilities(observation)
    with pytest.raises(LayerError, match="near names"):
        SteeredPolicy(small, scaling(1, layer="embedder.block9"))


def test_reprs_are_short(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    vector = cheese_vector(small, mazes[0])
    both = vector.then(zero_ablation(channels=range(20))).then(scaling(2, layer="embedder.fc"))
    assert repr(both).splitlines() == [
        f"<InTurn {DEFAULT_LAYER}: add (32, 16, 16), norm {vector.norm():.3g}, then times 0 in channels "
        "0, 1, 2, 3, 4, 5, 6, 7, …",
        "  embedder.fc: times 2>",
    ]
    assert repr(resampling(small, mazes[0])).startswith(f"<LayerChange {DEFAULT_LAYER}: put (32, 16, 16), norm ")
    assert repr(setting(5, (3, 4), channels=[55])).endswith(": set to 5 over cell (3, 4) in channel 55>")
    assert repr(InTurn()) == "<InTurn of nothing>"


# --- edits that have to do with a direction


def directed(x: torch.Tensor, intervention: object) -> torch.Tensor:
    """What an intervention of layer "0" makes of activations."""
    module = torch.nn.Sequential(torch.nn.Identity())
    with intervention.applied_to(module):  # type: ignore[attr-defined]
        return module(x)


X = torch.randn(6, 4, 3, 3, generator=torch.Generator().manual_seed(0))
WHOLE = Steering({"0": torch.randn(4, 3, 3, generator=torch.Generator().manual_seed(1))})
BY_PLACE = Steering({"0": torch.randn(4, 1, 1, generator=torch.Generator().manual_seed(2))})


def along(x: torch.Tensor, direction: Steering) -> torch.Tensor:
    return (x * direction["0"] / direction.norm()).sum(dim=(1, 2, 3) if direction is WHOLE else 1)


def lengths(x: torch.Tensor) -> torch.Tensor:
    return x.flatten(1).norm(dim=1)


@pytest.mark.parametrize("direction", [WHOLE, BY_PLACE])
def test_projecting_out_and_clamping_along_a_direction(direction: Steering) -> None:
    out = directed(X, projecting_out(direction))
    assert along(out, direction).abs().max() < 1e-5
    assert torch.allclose(directed(out, projecting_out(direction)), out, atol=1e-6)
    assert torch.allclose(out, directed(X, projecting_out(-3 * direction)), atol=1e-6)  # its length does not matter
    clamped = directed(X, clamping(-0.1, 0.2, direction=direction))
    assert torch.allclose(along(clamped, direction), along(X, direction).clamp(-0.1, 0.2), atol=1e-5)
    assert torch.allclose(directed(clamped, projecting_out(direction)), out, atol=1e-5)
    assert torch.equal(directed(X, clamping(high=0.3, layer="0")), X.clamp(max=0.3))


def test_adding_with_the_norm_kept_and_turning() -> None:
    added = directed(X, adding_with_norm(5 * WHOLE))
    assert torch.allclose(lengths(added), lengths(X), atol=1e-4)
    expected = X + 5 * WHOLE["0"]
    assert torch.allclose(torch.cosine_similarity(added.flatten(1), expected.flatten(1)), torch.ones(6))
    start = torch.arccos(along(X, WHOLE) / lengths(X))
    for share in (0.0, 0.25, 1.0):
        turned = directed(X, turning(3 * WHOLE, share))
        assert torch.allclose(lengths(turned), lengths(X), atol=1e-4)
        angle = torch.arccos((along(turned, WHOLE) / lengths(turned)).clamp(-1, 1))
        assert torch.allclose(angle, (1 - share) * start, atol=2e-3)
    assert torch.allclose(directed(X, turning(WHOLE, 0)), X, atol=1e-6)


def test_a_gate_opens_by_cosine() -> None:
    cosines = along(X, WHOLE) / lengths(X)
    middle = float(cosines.median())
    for bounds, is_open in (({"above": middle}, cosines >= middle), ({"above": -1, "below": middle}, cosines < middle)):
        out = directed(X, gated(scaling(0, layer="0"), WHOLE, **bounds))
        assert torch.equal(out, torch.where(is_open[:, None, None, None], torch.zeros(()), X))


@pytest.mark.parametrize(("shape", "axis"), [((6, 4, 3, 3), 1), ((6, 5, 4), 2)])
def test_a_direction_of_the_channels_counts_at_every_place_by_itself(shape: tuple[int, ...], axis: int) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    direction = BY_PLACE["0"] if axis == 1 else BY_PLACE["0"].flatten()
    steering = Steering({"0": direction})
    cosines = torch.cosine_similarity(x, direction.expand(x.shape), dim=axis).unsqueeze(axis)
    turned = directed(x, turning(steering, 0.5))
    assert torch.allclose(turned.norm(dim=axis), x.norm(dim=axis), atol=1e-5)
    after = torch.cosine_similarity(turned, direction.expand(x.shape), dim=axis).unsqueeze(axis)
    assert torch.allclose(after.arccos(), cosines.arccos() / 2, atol=1e-3)
    assert torch.equal(
        directed(x, gated(scaling(0, layer="0"), steering, above=0.3)), torch.where(cosines >= 0.3, 0.0, x)
    )


def test_opposite_directions_have_no_way_to_turn() -> None:
    x = -X.square().sum(dim=(1, 2, 3), keepdim=True) * WHOLE["0"]
    assert torch.equal(directed(x, turning(WHOLE, 0.5)), x)


EDITS = {
    "project out": projecting_out,
    "clamp": lambda direction: clamping(high=0, direction=direction),
    "turn": lambda direction: turning(direction, 0.3),
    "gate": lambda direction: gated(scaling(0, layer="0"), direction, above=0.02),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("direction", [WHOLE, BY_PLACE], ids=["whole", "by place"])
def test_the_length_of_a_direction_does_not_matter(edit: object, direction: Steering) -> None:
    """Nor does the precision: activations of half precision have norms whose squares it does not hold."""
    expected = directed(X, edit(direction))  # type: ignore[operator]
    assert not torch.allclose(expected, X, atol=1e-2)
    for factor in (1e-30, 1e-16, 1e18, 1e30):
        assert torch.allclose(directed(X, edit(factor * direction)), expected, atol=1e-5)  # type: ignore[operator]
    for factor in (1e-3, 300.0):
        for x in (200 * X.half(), 1e-3 * X.half(), 1e25 * X):
            exact = directed(x.double(), edit(direction))  # type: ignore[operator]
            found = directed(x, edit(factor * direction))  # type: ignore[operator]
            assert found.dtype == x.dtype
            assert torch.allclose(found.double(), exact, rtol=1e-2, atol=2e-3 * float(x.abs().max()))


def test_the_norm_is_kept_in_half_precision() -> None:
    x = 200 * X.half()
    added = directed(x, adding_with_norm(500 * WHOLE))
    assert torch.allclose(lengths(added.float()), lengths(x.float()), rtol=1e-3)


def test_some_channels_and_cells(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    cells, channels = [(24, 24), (24, 23), (0, 0)], [1, 3]
    vector = random_vector(cheese_vector(small, mazes[0]))
    before = activations(small, mazes[0])
    inside = torch.zeros(1, 32, 16, 16, dtype=torch.bool)
    for cell in cells:
        row, col = map_position(cell, 16, 16)
        inside[:, channels, row, col] = True
    where = {"channels": channels, "cells": cells}
    for edit in (
        scaling(2, **where),
        zero_ablation(**where),
        mean_ablation(small, mazes[:2], **where),
        resampling(small, mazes[2], **where),
        resampling_each_pass(small, mazes[2:4], **where),
        projecting_out(vector, **where),
        adding_with_norm(vector, **where),
        clamping(5, 6, **where),
        clamping(5, 6, direction=vector, **where),
        turning(vector, 0.5, **where),
    ):
        after = changed(small, mazes[0], edit)
        assert torch.equal(after[~inside], before[~inside]), edit
        assert not torch.equal(after[inside], before[inside]), edit


def test_another_donor_at_every_pass(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    donors = torch.cat([activations(small, maze) for maze in mazes[10:14]])
    edit = resampling_each_pass(small, mazes[10:14], seed=3)

    def draws(edit: object) -> list[int]:
        after = [changed(small, maze, edit) for maze in mazes[:10]]
        return [int((activations - donors).flatten(1).norm(dim=1).argmin()) for activations in after]

    drawn = draws(edit)
    assert len(set(drawn)) > 1
    assert drawn == draws(edit)
    observations = draw_observations(mazes[:10])
    expected = small.action_probabilities(draw_observations([mazes[10 + donor] for donor in drawn]))
    assert np.allclose(
        SteeredPolicy(small, edit).action_probabilities(observations), expected, atol=1e-5
    )  # in one batch
    other = resampling_each_pass(small, mazes[10:14], seed=4)
    assert drawn != draws(other)


def test_directions_as_conditions(small: ImpalaPolicy) -> None:
    conditions = {
        "no cheese direction": lambda policy, maze: projecting_out(cheese_vector(policy, maze)),
        "gated": lambda policy, maze: gated(-cheese_vector(policy, maze), cheese_vector(policy, maze), above=0.05),
    }
    frame = evaluate(small, 3, ["baseline", *conditions.items()], horizon=8).frame
    assert frame["condition"].tolist() == ["baseline", *conditions]
    text = repr(gated(-WHOLE, WHOLE, above=0.5).then(projecting_out(WHOLE, channels=[2], cells=[(3, 4)])))
    assert "if the cosine" in text
    assert "over cell (3, 4) in channel 2" in text


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: projecting_out(0 * WHOLE), "zeros"),
        (lambda p: turning(WHOLE, 1.5), "0 to 1, got 1.5"),
        (lambda p: turning(0 * WHOLE, 1), "zeros"),
        (lambda p: clamping(), "low or high"),
        (lambda p: clamping(2, 1), "low must be ≤ high"),
        (lambda p: clamping(float("nan"), 1), "low must be ≤ high"),
        (lambda p: gated(scaling(0, layer="1"), WHOLE), "no direction for layer '1', got those of 0"),
        (lambda p: gated(-WHOLE, WHOLE, above=0.5, below=0.5), "above must be smaller"),
        (lambda p: scaling(1, cells=[]), "at least one cell"),
        (lambda p: scaling(1, cells=[(25, 0)]), "cell"),
        (lambda p: resampling_each_pass(p, []), "at least one donor"),
        (lambda p: resampling_each_pass(p, Maze.from_levels([0]), seed=-1), "seed must be 0 to"),
        (lambda p: resampling_each_pass(p, Maze.from_levels([0]), seed=2**64), "seed must be 0 to"),
        (lambda p: directed(X, projecting_out(Steering({"0": torch.ones(5, 3, 3)}))), r"\(5, 3, 3\).*\(4, 3, 3\)"),
    ],
)
def test_bad_directions(small: ImpalaPolicy, make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(small)  # type: ignore[operator]
