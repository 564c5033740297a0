from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from steered_env import ImpalaPolicy, Maze, load_policy
from steered_env.policy import read_metadata
from steered_env.training import Progress, TrainingError
from steered_env.training.imitation import TrainingConfig, train
from steered_env.training.ppo import PPOConfig
from steered_env.training.ppo import log as ppo_log
from steered_env.training.ppo.training import train_ppo

# isort: split
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

UPDATE = 8
SHORT = PPOConfig(steps=4 * UPDATE, sizes=(3, 5), num_envs=2, n_steps=4, epochs=1, minibatches=2, time_limit=5)


def weights(policy: ImpalaPolicy) -> np.ndarray:
    return torch.cat([p.detach().flatten() for p in policy.parameters()]).numpy()


def curve(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "curve.csv").drop(columns="seconds")


@pytest.mark.parametrize("shaped", [False, True])
def test_interrupted_and_continued_is_as_if_never_interrupted(shaped: bool, tmp_path: Path) -> None:
    config = replace(SHORT, shape_rewards=shaped, start="small" if shaped else None, average_decay=0.9 * shaped)
    whole = train_ppo(config, tmp_path / "whole", evaluate_every=2, on_evaluation=lambda p: {"first": weights(p)[0]})
    evaluations = 0

    def stop(policy: ImpalaPolicy) -> dict[str, float]:
        nonlocal evaluations
        evaluations += 1
        if evaluations == 2:
            signal.raise_signal(signal.SIGINT)
        return {"first": float(weights(policy)[0])}

    with pytest.raises(KeyboardInterrupt):
        train_ppo(config, tmp_path / "cut", evaluate_every=2, on_evaluation=stop)
    assert curve(tmp_path / "cut")["steps"].tolist() == [0, UPDATE, 2 * UPDATE]
    assert read_metadata(tmp_path / "cut" / "policy.safetensors")["steps"] == 2 * UPDATE
    continued = train_ppo(config, tmp_path / "cut", evaluate_every=2, on_evaluation=stop)
    assert np.array_equal(weights(continued), weights(whole))
    pd.testing.assert_frame_equal(curve(tmp_path / "cut"), curve(tmp_path / "whole"))
    assert curve(tmp_path / "whole")["first"].notna().tolist() == [True, False, True, False, True]
    for run in ("whole", "cut"):
        assert np.array_equal(weights(load_policy(tmp_path / run / "policy.safetensors")), weights(whole))
        board = EventAccumulator(str(tmp_path / run / "tensorboard")).Reload()
        assert [event.step for event in board.Scalars("train/value_loss")] == [
            UPDATE,
            2 * UPDATE,
            3 * UPDATE,
            4 * UPDATE,
        ]
        assert [event.step for event in board.Scalars("evaluation/first")] == [2 * UPDATE, 4 * UPDATE]


def test_a_larger_budget_goes_on_where_a_smaller_one_ended(tmp_path: Path) -> None:
    train_ppo(replace(SHORT, steps=UPDATE), tmp_path / "longer")
    longer = train_ppo(replace(SHORT, steps=2 * UPDATE), tmp_path / "longer")
    once = train_ppo(replace(SHORT, steps=2 * UPDATE), tmp_path / "once")
    assert np.array_equal(weights(longer), weights(once))


def test_an_update_that_is_stopped_leaves_the_checkpoint_of_the_last_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_ppo(replace(SHORT, steps=UPDATE), tmp_path)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    monkeypatch.setattr(ppo_log, "_REPORT_EVERY_S", 0.0)

    def stop(progress: Progress) -> None:
        assert progress.done < 2 * UPDATE
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        train_ppo(replace(SHORT, steps=2 * UPDATE), tmp_path, on_progress=stop)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    assert not list(tmp_path.glob("*.tmp*"))


def test_what_comes_out_is_the_running_average_over_updates(tmp_path: Path) -> None:
    last: list[np.ndarray] = []
    for updates in (1, 2, 3):
        config = replace(SHORT, steps=updates * UPDATE)
        last.append(weights(train_ppo(config, tmp_path / "last")))
    averaged = weights(train_ppo(replace(SHORT, steps=3 * UPDATE, average_decay=0.15), tmp_path / "average"))
    expected = last[0]  # as if it had been there before the first update
    for weight, now in ((0.15, last[1]), (0.15, last[2])):  # min(0.15, (1 + n) / (10 + n)) is 0.15 from n = 1 on
        expected = weight * expected + (1 - weight) * now
    assert np.allclose(averaged, expected, atol=1e-6)
    assert not np.allclose(averaged, last[2], atol=1e-6)


def test_the_first_updates_from_a_policy_leave_its_actions_alone(tmp_path: Path, small: ImpalaPolicy) -> None:
    frames = np.stack([maze.observe() for maze in Maze.from_levels(range(4))])
    warm = train_ppo(replace(SHORT, start="small", value_warmup=4), tmp_path / "warm")
    assert np.array_equal(warm.action_probabilities(frames), small.action_probabilities(frames))
    assert not torch.equal(warm.fc_value.weight, small.fc_value.weight)
    cold = train_ppo(replace(SHORT, start="small"), tmp_path / "cold")
    assert not np.array_equal(cold.action_probabilities(frames), small.action_probabilities(frames))


def test_the_heads_alone(tmp_path: Path, small: ImpalaPolicy) -> None:
    policy = train_ppo(replace(SHORT, start="small", heads_only=True, value_warmup=1), tmp_path)
    changed = {name for name, value in policy.state_dict().items() if not torch.equal(value, small.state_dict()[name])}
    assert changed == {"fc_policy.weight", "fc_policy.bias", "fc_value.weight", "fc_value.bias"}


def test_another_configuration_or_algorithm_is_refused(tmp_path: Path) -> None:
    train_ppo(replace(SHORT, steps=UPDATE), tmp_path)
    with pytest.raises(TrainingError, match=r"holds a run with gamma 0\.999, not 0\.9"):
        train_ppo(replace(SHORT, gamma=0.9), tmp_path)
    with pytest.raises(TrainingError, match="holds a run of algorithm ppo, not imitation: choose another --out"):
        train(TrainingConfig(examples=128), tmp_path)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    state["code"][0]["fingerprint"] = "other"
    torch.save(state, tmp_path / "checkpoint.pt")
    with pytest.raises(TrainingError, match=r"holds a run with other code \(commit "):
        train_ppo(replace(SHORT, steps=UPDATE), tmp_path)
    train_ppo(replace(SHORT, steps=UPDATE), tmp_path, other_code=True)  # it is finished: only read
    assert len(json.loads((tmp_path / "config.json").read_text())["code"]) == 1
    train_ppo(replace(SHORT, steps=2 * UPDATE), tmp_path, other_code=True)
    assert len(json.loads((tmp_path / "config.json").read_text())["code"]) == 2
    (tmp_path / "checkpoint.pt").write_bytes(b"PK\3\4 and no more")
    with pytest.raises(TrainingError, match=r"checkpoint\.pt cannot be read .* remove it to begin anew"):
        train_ppo(SHORT, tmp_path)


def test_a_start_of_another_width_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="small has width 1, not 2"):
        train_ppo(replace(SHORT, start="small", width=2), tmp_path)
    with pytest.raises(FileNotFoundError, match="no policy 'nope'"):
        train_ppo(replace(SHORT, start="nope"), tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs a budget"),
        ({"steps": 0}, "steps must be above 0, got 0"),
        ({"minutes": 1, "heads_only": True}, "name one with start"),
        ({"minutes": 1, "num_envs": 0}, "num_envs must be ≥ 1, got 0"),
        ({"minutes": 1, "minibatches": 7}, "must be a multiple of minibatches"),
        ({"minutes": 1, "gamma": 1.5}, r"gamma must be 0 to 1, got 1\.5"),
        ({"minutes": 1, "entropy": -1}, "entropy must be ≥ 0"),
        ({"minutes": 1, "cheese_region": 26}, "cheese_region must be 1 to 25, got 26"),
        ({"minutes": 1, "sizes": ()}, "at least one size"),
        ({"minutes": 1, "sizes": (4,)}, "size must be"),
    ],
)
def test_bad_configurations(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PPOConfig(**arguments)
