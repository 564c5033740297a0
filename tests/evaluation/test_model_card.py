from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evaluation import model_card
from steered_env import load_policy
from steered_env.training import TrainingConfig, imitation, move_accuracy, train


def test_a_card_tells_what_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (imitation, model_card):
        monkeypatch.setattr(module, "move_accuracy", lambda p, **k: move_accuracy(p, levels=range(40), **k))
    monkeypatch.setattr(model_card, "_RATE_LEVELS", range(4))
    monkeypatch.setattr(model_card, "_TABLE_LEVELS", range(6))
    train(TrainingConfig(pictures=64, batch_size=16, seed=3), tmp_path / "run", workers=0)
    seen: list[tuple[int, int]] = []
    files = model_card.write_card(
        tmp_path / "run", tmp_path / "card", "mine", lambda done, total: seen.append((done, total))
    )
    assert [file.name for file in files] == ["mine.md", "mine-curve.csv", "mine-curve.png", "mine.safetensors"]
    assert sorted(path.name for path in (tmp_path / "card").iterdir()) == sorted(file.name for file in files)
    assert seen[-1] == (10, 10)
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


def test_an_unfinished_run_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train it to the end first"):
        model_card.write_card(tmp_path, tmp_path / "card", "mine", lambda _done, _total: None)
    assert not (tmp_path / "card").exists()
