"""The card of a checkpoint that says nothing of its making."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image

from evaluation.cards import checkpoint_card
from evaluation.measuring import FIRST_LOOK_LEVELS
from steered_env import ImpalaPolicy, Maze

SMALL_MAZES = (3, 38)
"""Levels of size 5, each with a decision square and a top-right vector."""


def test_the_first_look_is_at_mazes_that_count() -> None:
    mazes = Maze.from_levels(range(FIRST_LOOK_LEVELS[-1] + 1))
    able = [maze.level for maze in mazes if maze.decision_square is not None and maze.size < 25]
    assert list(FIRST_LOOK_LEVELS) == able
    assert len(able) == 16


def test_any_checkpoint_has_a_card(small: ImpalaPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "of alice"
    folder.mkdir()
    checkpoint = folder / "mouse.pth"
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in small.state_dict().items()}}, checkpoint)
    monkeypatch.setattr(checkpoint_card, "FIRST_LOOK_LEVELS", SMALL_MAZES)
    monkeypatch.setattr(checkpoint_card, "_EXAMPLE_LEVELS", range(8))
    monkeypatch.setattr(checkpoint_card, "_SHOWN", SMALL_MAZES[0])
    monkeypatch.setattr(checkpoint_card, "_STEPS", 3)
    seen: list[tuple[int, int]] = []
    out = tmp_path / "card"
    files = checkpoint_card.write_checkpoint_card(checkpoint, out, lambda done, total: seen.append((done, total)))
    assert {file.name for file in files} == {path.name for path in out.iterdir()}
    page, table, figure, film = files
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# `mouse.pth`")
    assert "alice" not in text
    for part in ("| -cheese | 2 |", "| top_right - cheese | 2 |", "| size | correct moves | examples |"):
        assert part in text
    for file in (table, figure, film):
        assert f"({file.name})" in text
    assert pd.read_csv(table)["condition"].tolist()[0] == "baseline"
    for image in (figure, film):
        with Image.open(image) as opened:
            assert opened.width > 100
    assert seen[-1][0] == seen[-1][1]
    (out / "mouse-table.csv").unlink()
    with pytest.raises(FileExistsError, match="mouse"):
        checkpoint_card.write_checkpoint_card(checkpoint, out, lambda _done, _total: None)
    with pytest.raises(FileNotFoundError, match="nobody"):
        checkpoint_card.write_checkpoint_card("nobody.pth", out, lambda _done, _total: None)
