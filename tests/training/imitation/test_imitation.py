from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from steered_env import ImpalaPolicy, load_policy
from steered_env.maze import DIRECTIONS
from steered_env.policy.checkpoint import read_metadata
from steered_env.training import Progress, TrainingError, move_accuracy
from steered_env.training.examples import TrainingExamples
from steered_env.training.imitation import TrainingConfig, train
from steered_env.training.imitation import training as imitation
from steered_env.training.imitation.learner import Learner, dense_weight, learning_rate, soft_targets
from steered_env.training.weight_average import running_average

SHORT = TrainingConfig(examples=96, batch_size=16, warmup_examples=32)


@pytest.fixture(autouse=True)
def _few_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imitation, "move_accuracy", lambda p, **k: move_accuracy(p, levels=range(8), **k))


def weights(policy: ImpalaPolicy) -> np.ndarray:
    return torch.cat([p.detach().flatten() for p in policy.parameters()]).numpy()


def stop_at(examples: int) -> Callable[[Progress], None]:
    def stop(progress: Progress) -> None:
        if progress.done == examples:
            signal.raise_signal(signal.SIGINT)

    return stop


@pytest.mark.parametrize("config", [SHORT, replace(SHORT, average_decay=0.0)])
def test_interrupted_and_continued_is_as_if_never_interrupted(config: TrainingConfig, tmp_path: Path) -> None:
    whole = train(config, tmp_path / "whole", workers=0)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "cut", workers=0, on_progress=stop_at(48))
    assert read_metadata(tmp_path / "cut" / "policy.safetensors")["examples"] <= 48  # what there was so far
    seen: list[int] = []
    continued = train(config, tmp_path / "cut", workers=1, on_progress=lambda p: seen.append(p.done))
    assert seen[0] == 64
    assert np.array_equal(weights(continued), weights(whole))
    assert np.array_equal(weights(load_policy(tmp_path / "cut" / "policy.safetensors")), weights(whole))
    curves = [pd.read_csv(tmp_path / run / "curve.csv").drop(columns="seconds") for run in ("whole", "cut")]
    pd.testing.assert_frame_equal(*curves)
    assert json.loads((tmp_path / "cut" / "config.json").read_text(encoding="utf-8"))["examples"] == 96


def test_another_configuration_is_refused(tmp_path: Path) -> None:
    train(SHORT, tmp_path, workers=0)
    with pytest.raises(TrainingError, match="holds a run with seed 0, not 1"):
        train(replace(SHORT, seed=1), tmp_path, workers=0)


OLD = replace(SHORT, mouse_weight=0.0, average_decay=0.0)
"""As runs were before there were a third head and an average."""


def as_the_first_version_left_it(run: Path) -> None:
    """Take out of a checkpoint of `OLD` what that version did not have: settings, the third head, the algorithm."""
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    of_the_head = [number for number, name in enumerate(state["learner"]) if name.startswith("mouse.")]
    assert len(of_the_head) == 2
    state["learner"] = {name: value for name, value in state["learner"].items() if not name.startswith("mouse.")}
    for number in of_the_head:
        del state["optimizer"]["state"][number]
        state["optimizer"]["param_groups"][0]["params"].remove(number)
    state["config"] = {name.replace("examples", "pictures"): value for name, value in state["config"].items()}
    for point in state["curve"]["points"]:
        point["pictures"] = point.pop("examples")
    del state["algorithm"], state["code"], state["config"]["mouse_weight"], state["config"]["average_decay"]
    del state["curve"]["sums"]["mouse"]
    torch.save(state, run / "checkpoint.pt")


def test_a_run_of_the_first_version_goes_on(tmp_path: Path) -> None:
    whole = train(OLD, tmp_path / "whole", workers=0)
    with pytest.raises(KeyboardInterrupt):
        train(OLD, tmp_path / "cut", workers=0, on_progress=stop_at(48))
    as_the_first_version_left_it(tmp_path / "cut")
    with pytest.raises(TrainingError, match=r"holds a run with average_decay 0\.0, not 0\.999"):
        train(SHORT, tmp_path / "cut", workers=0)
    with pytest.raises(TrainingError, match=r"holds a run with other code \(commit unknown"):
        train(OLD, tmp_path / "cut", workers=0)
    assert np.array_equal(weights(train(OLD, tmp_path / "cut", workers=0, other_code=True)), weights(whole))
    curves = [pd.read_csv(tmp_path / run / "curve.csv") for run in ("whole", "cut")]
    assert curves[0]["examples"].tolist() == curves[1]["examples"].tolist()
    commits = [code["commit"] for code in read_metadata(tmp_path / "cut" / "policy.safetensors")["code"]]
    assert len(commits) == 2
    assert commits[0] is None


def test_a_setting_that_is_no_more_must_have_been_without_effect(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(SHORT, tmp_path, workers=0, on_progress=stop_at(16))
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    for weight in (0.3, 0.0):
        state["config"]["pooled_weight"] = weight
        torch.save(state, tmp_path / "checkpoint.pt")
        if weight:
            with pytest.raises(TrainingError, match=r"holds a run with pooled_weight 0\.3, not nothing"):
                train(SHORT, tmp_path, workers=0)
        else:
            train(SHORT, tmp_path, workers=0)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    # without it the checkpoint would be somebody else's
    (tmp_path / "config.json").write_text(json.dumps({"seed": 0, "cheese_region": 5}))
    (tmp_path / "checkpoint.pt").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(TrainingError, match=r"checkpoint\.pt cannot be read .* remove it to begin anew"):
        train(SHORT, tmp_path, workers=0)


def test_a_time_budget_sets_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imitation, "_CALIBRATION_S", 0.2)
    config = TrainingConfig(minutes=0.02, batch_size=16, warmup_examples=32)
    totals: list[int | None] = []
    train(config, tmp_path, workers=0, on_progress=lambda p: totals.append(p.total))
    set_to = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))["examples"]
    assert totals[-1] == set_to
    assert set_to % 16 == 0
    assert len(totals) * 16 == set_to


def test_the_loss_falls_on_what_it_sees_again() -> None:
    torch.manual_seed(0)
    config = TrainingConfig(examples=10**6, batch_size=8, value_weight=1.0)
    learner = Learner(config)
    optimizer = torch.optim.Adam(learner.parameters(), lr=2e-3)
    examples = TrainingExamples(seed=0, batch_size=8, per_level=4, cheese_region=5)[0]
    first = None
    for _ in range(40):
        losses = learner.losses(examples, torch.device("cpu"))
        first = first or losses
        optimizer.zero_grad()
        torch.autograd.backward(losses.total)
        optimizer.step()
    assert first is not None
    assert losses.policy < 0.5 * first.policy
    assert losses.dense < 0.93 * first.dense
    assert losses.mouse < 0.9 * first.mouse
    assert losses.value < first.value


def test_loss_by_hand() -> None:
    torch.manual_seed(0)
    learner = Learner(TrainingConfig(examples=10**6, batch_size=16, dense_weight=3, mouse_weight=0.5))
    examples = TrainingExamples(seed=0, batch_size=16, per_level=4, cheese_region=5)[0]
    groups = [[0, 1, 2], [3], [5], [6, 7, 8]]
    probabilities = learner.policy.action_probabilities(examples.observations).astype(np.float64)
    chosen = [row[groups[move]].sum() for row, move in zip(probabilities, examples.moves, strict=True)]
    losses = learner.losses(examples, torch.device("cpu"))
    assert losses.policy.item() == pytest.approx(-np.log(chosen).mean(), rel=1e-4)
    inputs = torch.from_numpy(examples.observations).permute(0, 3, 1, 2).float() / 255
    _, _, _, logits = learner(inputs)
    everywhere = torch.softmax(logits.flatten(1), dim=1).reshape(16, 4, 25, 25)  # over all cells and moves
    probabilities_there = [
        everywhere[index, move, row, col].item()
        for index, (move, (row, col)) in enumerate(zip(examples.moves, examples.mice, strict=True))
    ]
    assert losses.mouse.item() == pytest.approx(-np.log(probabilities_there).mean(), rel=1e-4)
    total = losses.policy + 3 * losses.dense + 0.5 * losses.mouse + 0.1 * losses.value
    assert losses.total.item() == pytest.approx(total.item(), rel=1e-6)


def test_soft_targets_are_of_the_steps_left_after_each_move() -> None:
    examples = TrainingExamples(seed=0, batch_size=16, per_level=4, cheese_region=5)[0]
    targets = soft_targets(examples, 0.5)
    for number, (mouse, left) in enumerate(zip(examples.mice.tolist(), examples.distances, strict=True)):
        ways = [tuple(np.array(mouse) + step) for step in DIRECTIONS.values()]
        best = ways[examples.moves[number]]
        inside = [0 <= row < 25 and 0 <= col < 25 and examples.cell_moves[number][row, col] >= 0 for row, col in ways]
        after = [left - 1 if way == best else left + is_open for way, is_open in zip(ways, inside, strict=True)]
        assert targets[number] == pytest.approx(np.exp(-2 * np.array(after)) / np.exp(-2 * np.array(after)).sum())
    learner = Learner(TrainingConfig(examples=10**6, batch_size=16, target_temperature=0.5))
    moves = learner(torch.from_numpy(examples.observations).permute(0, 3, 1, 2).float() / 255)[0]
    expected = -(torch.from_numpy(targets) * moves).sum(1).mean()
    assert learner.losses(examples, torch.device("cpu")).policy.item() == pytest.approx(expected.item(), rel=1e-4)


def test_the_dense_heads_weight_ends_with_its_share() -> None:
    config = TrainingConfig(examples=1000 * 128, dense_weight=3, dense_share=0.25)
    assert [dense_weight(config, done) for done in (0, 31_999, 32_000)] == [3, 3, 0]


def test_the_running_average_is_an_average() -> None:
    policy = ImpalaPolicy(1)
    average = running_average(policy, 0.75)
    expected, number = None, float(policy.fc_value.bias.detach())
    for step in range(30):
        number += 0.5
        with torch.no_grad():
            policy.fc_value.bias.fill_(number)
        average.update_parameters(policy)
        decay = min(0.75, (1 + step) / (10 + step))
        expected = number if expected is None else decay * expected + (1 - decay) * number
    assert average.module.fc_value.bias.item() == pytest.approx(expected, abs=1e-6)


def test_learning_rate_rises_and_falls() -> None:
    config = TrainingConfig(examples=100_000, warmup_examples=10_000)
    rates = [learning_rate(config, done) for done in range(0, 100_001, 1000)]
    assert max(rates) == pytest.approx(4e-3, rel=0.02)
    assert rates[0] < 8e-5
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert learning_rate(config, 55_000) == pytest.approx(2e-3)
    without_rise = TrainingConfig(minutes=1, warmup_examples=0)  # the examples, and with them the fall, come later
    assert learning_rate(without_rise, 0) == learning_rate(replace(without_rise, examples=100_000), 0) == 4e-3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs a budget"),
        ({"examples": 10}, "at least one batch of 128, got 10"),
        ({"minutes": 0}, "above 0"),
        ({"minutes": 1, "cheese_region": 0}, "cheese_region must be 1 to 25, got 0"),
        ({"minutes": 1, "width": 0}, "width must be ≥ 1"),
        ({"minutes": 1, "average_decay": 1.0}, "average_decay must be ≥ 0 and below 1, got 1"),
        ({"minutes": 1, "batch_size": 130}, "multiple of examples_per_level"),
        ({"minutes": 1, "seed": -1}, "seed must be ≥ 0, got -1"),
        ({"minutes": 1, "warmup_examples": -5}, "warmup_examples must be ≥ 0, got -5"),
        ({"minutes": 1, "dense_share": 1.5}, "dense_share must be 0 to 1, got 1.5"),
        ({"minutes": 1, "dense_weight": -1.0}, "dense_weight must be ≥ 0, got -1"),
        ({"minutes": 1, "mouse_weight": -1.0}, "mouse_weight must be ≥ 0, got -1"),
        ({"minutes": 1, "value_weight": float("nan")}, "value_weight must be ≥ 0, got nan"),
        ({"minutes": 1, "learning_rate": -1.0}, "learning_rate must be above 0, got -1"),
        ({"minutes": 1, "learning_rate": float("nan")}, "learning_rate must be above 0, got nan"),
        ({"minutes": 1, "clip": -1.0}, "clip must be above 0, got -1"),
        ({"minutes": 1, "discount": 5.0}, "discount must be 0 to 1, got 5"),
    ],
)
def test_bad_configurations(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**arguments)
