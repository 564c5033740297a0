"""Where a network runs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch

from evaluation import evaluate
from evaluation.measuring import SharedForward
from evaluation.storage import RunError
from steered_env import ImpalaPolicy, Maze
from steered_env.policy import choose_device

NEEDS_A_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")


def test_auto_is_where_the_policy_lies_unless_a_gpu_is_free() -> None:
    policy = ImpalaPolicy()
    assert choose_device("auto", policy.to("meta")) == torch.device("meta")
    assert choose_device("cpu", policy) == torch.device("cpu")
    assert choose_device().type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["tpu9", "cuda:99", "", 3])
def test_a_device_that_is_not_there_is_named(small: ImpalaPolicy, name: str) -> None:
    with pytest.raises(ValueError, match=f"device {name!r}"):
        evaluate(small, 1, device=name, horizon=1)


def test_a_policy_that_only_predicts_runs_where_it_is() -> None:
    class Predicts:
        def predict(self, observation, state=None, episode_start=None, deterministic=False):  # type: ignore[no-untyped-def]
            return [4] * len(observation), state

    with pytest.raises(ValueError, match="got 'cpu'"):
        evaluate(Predicts(), 1, method="sampled", device="cpu")


def test_the_copy_moves_and_the_policy_stays() -> None:
    policy = ImpalaPolicy()
    forward = SharedForward(policy, device="meta")
    assert {parameter.device.type for parameter in forward.policy.parameters()} == {"meta"}
    assert {parameter.device.type for parameter in policy.parameters()} == {"cpu"}


def test_a_policy_that_cannot_be_copied_is_not_moved() -> None:
    policy = ImpalaPolicy()
    policy.embedder.forward = lambda x: x  # type: ignore[method-assign]
    with pytest.raises(ValueError, match=r"\.to\('meta'\)"):
        SharedForward(policy.eval(), device="meta")


def test_a_run_of_another_device_is_another_run(small: ImpalaPolicy, tmp_path: Path) -> None:
    evaluate(small, 1, horizon=1, out=tmp_path, device="cpu")
    manifest = tmp_path / "manifest.json"
    of_a_gpu = manifest.read_text().replace('"configuration": {', '"configuration": {"device": "cuda",', 1)
    manifest.write_text(of_a_gpu)
    with pytest.raises(RunError, match="device"):
        evaluate(small, 1, horizon=1, out=tmp_path, device="cpu")


@NEEDS_A_GPU
def test_rates_on_a_gpu_are_those_of_the_cpu(small: ImpalaPolicy) -> None:
    mazes, conditions = Maze.from_levels([0, 6, 26]), ["baseline", "-cheese", "-random"]
    cpu, gpu = (evaluate(small, mazes=mazes, conditions=conditions, device=name).frame for name in ("cpu", "cuda"))
    pd.testing.assert_frame_equal(cpu, gpu, check_exact=False, rtol=0, atol=1e-4)
