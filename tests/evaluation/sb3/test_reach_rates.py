"""The callback that measures while Stable-Baselines3 trains."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from evaluation import evaluate
from evaluation.sb3 import ReachRatesCallback
from steered_env import ImpalaPolicy
from steered_env.sb3 import MazeVecEnv, copy_into, impala_policy_kwargs

CONDITIONS = ["baseline", "-cheese"]
LEVELS = [3, 26]


def trained(small: ImpalaPolicy, callback: BaseCallback | None, log: Path) -> PPO:
    """``small`` after one update."""
    env = MazeVecEnv(2, levels=range(1000), sizes=[3])
    settings = {"policy_kwargs": impala_policy_kwargs(), "n_steps": 8, "batch_size": 16, "n_epochs": 1, "seed": 0}
    model = PPO("CnnPolicy", env, tensorboard_log=str(log), **settings)
    copy_into(model, small)
    return model.learn(16, callback=callback)


def test_the_log_has_the_exact_rates_and_training_is_as_without(small: ImpalaPolicy, tmp_path: Path) -> None:
    callback = ReachRatesCallback(LEVELS, CONDITIONS, every=16, horizon=20, workers=1)
    model = trained(small, callback, tmp_path / "log")
    (folder,) = (tmp_path / "log").iterdir()
    log = EventAccumulator(str(folder)).Reload()
    before = evaluate(small, LEVELS, CONDITIONS, horizon=20).summary().set_index("condition")
    for condition in CONDITIONS:
        for measure in ("reach_cheese", "reach_top_right"):
            events = log.Scalars(f"{measure}/{condition}")
            assert [event.step for event in events] == [0, 16]
            assert events[0].value == pytest.approx(before.loc[condition, measure], abs=1e-6)
    assert callback.history.groupby("steps").size().to_dict() == {0: 2, 16: 2}
    without = trained(small, None, tmp_path / "other")
    for one, other in zip(model.policy.parameters(), without.policy.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_count_of_steps_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="0"):
        ReachRatesCallback(LEVELS, every=0)
