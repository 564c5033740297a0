from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evaluation import model_card
from evaluation.held_out_rates import cheese_rate
from steered_env import load_policy
from steered_env.training import PPOConfig, TrainingConfig, imitation, move_accuracy, train
from steered_env.training.ppo import train_ppo


def test_a_card_tells_what_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (imitation, model_card):
        monkeypatch.setattr(module, "move_accuracy", lambda p, **k: move_accuracy(p, levels=range(40), **k))
    monkeypatch.setattr(model_card, "_RATE_MAZES", 4)
    monkeypatch.setattr(model_card, "_TABLE_MAZES", 6)
    train(TrainingConfig(pictures=64, batch_size=16, seed=3), tmp_path / "run", workers=0)
    seen: list[tuple[int, int]] = []
    files = model_card.write_card(
        tmp_path / "run", tmp_path / "card", "mine", lambda done, total: seen.append((done, total))
    )
    assert [file.name for file in files] == ["mine.md", "mine-curve.csv", "mine-curve.png", "mine.safetensors"]
    assert sorted(path.name for path in (tmp_path / "card").iterdir()) == sorted(file.name for file in files)
    assert seen[-1] == (14, 14)
    text = files[0].read_text()
    assert "steered-env train --out runs/mine --pictures 64 --cheese-region 5 --width 1 --seed 3" in text
    for part in (
        "## Right moves",
        "## Cheese rate",
        "## What it is bad at",
        "## What steering does",
        "| -cheese | 6 |",
    ):
        assert part in text
    assert load_policy(files[3]).width == 1
    assert pd.read_csv(files[1])["pictures"].iloc[-1] == 64


def test_a_card_of_reinforcement_learning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_card, "move_accuracy", lambda p, **k: move_accuracy(p, levels=range(40), **k))
    monkeypatch.setattr(model_card, "_RATE_MAZES", 5)
    monkeypatch.setattr(model_card, "_TABLE_SMALL_MAZES", 20)
    config = PPOConfig(steps=32, start="small", sizes=(5, 7), num_envs=4, n_steps=8, minibatches=2, value_warmup=1)
    train_ppo(config, tmp_path / "run", on_evaluation=lambda p: cheese_rate(p, 5, 3, (5, 7)))
    files = model_card.write_card(tmp_path / "run", tmp_path / "run", "mine", lambda _done, _total: None)
    text = files[0].read_text()
    command = (
        "steered-env train --algorithm ppo --out runs/mine --steps 32 --start small --value-warmup 1 --sizes 5,7 "
        "--cheese-region 5 --width 1 --seed 0 --num-envs 4 --n-steps 8 --minibatches 2`"
    )
    assert command in text
    assert "training changed it by **+0.0000** [+0.0000, +0.0000]" in text  # only its value head has moved
    assert "| size | cheese rate | uniform policy | shortest path | `small` before | mazes |" in text
    assert "Mazes larger than 7" in text
    assert "of sizes 5, 7" in text
    rows = [row.split(" | ") for row in text.splitlines() if row.startswith(("| 5 | ", "| 7 | ", "| all | "))][:3]
    assert [row[-1] for row in rows][-1] == "5 |"
    for row in rows:
        assert float(row[2]) < float(row[1])  # chance finds less cheese than the shipped policy


def test_an_unfinished_run_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train it to the end first"):
        model_card.write_card(tmp_path, tmp_path / "card", "mine", lambda _done, _total: None)
    assert not (tmp_path / "card").exists()
