"""Files of others in the folder of a training run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from steered_env.training import run_folder
from steered_env.training.imitation import TrainingConfig, train
from steered_env.training.ppo import PPOConfig, train_ppo

CONFIGS = json.dumps({"model": "resnet", "lr": 0.1}), json.dumps({"seed": 3, "model": "resnet"}), "[1]", "no JSON"


@pytest.mark.parametrize("name", [run_folder.CHECKPOINT, run_folder.CURVE, run_folder.WEIGHTS, run_folder.CONFIG])
@pytest.mark.parametrize(
    "begin", [lambda folder: train(TrainingConfig(examples=128), folder), lambda f: train_ppo(PPOConfig(steps=9), f)]
)
def test_they_are_left_alone(begin: Callable[[Path], object], name: str, tmp_path: Path) -> None:
    for content in CONFIGS if name == run_folder.CONFIG else ("of somebody else",):
        (tmp_path / name).write_text(content)
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(FileExistsError, match=name):
            begin(tmp_path)
        assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: content, "notes.txt": "mine"}
