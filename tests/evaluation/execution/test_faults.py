"""A handful of each fault; ``make faults`` does them by the hundred."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import faults
from tests.forked_command import ForkedCommand


class Started(ForkedCommand):
    """The command, as the faults wait for it."""

    returncode: int

    def __init__(self, command: list[str], largest_file: int | None = None) -> None:
        super().__init__(*command[1:], folder=Path.cwd(), largest_file=largest_file)

    def communicate(self, timeout: float) -> tuple[str, str]:
        self.returncode, stderr = self.finish(timeout)
        return "", stderr


@pytest.fixture(autouse=True)
def shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "LEVELS", (1, 3, 7, 10, 11, 15, 18))  # mazes of sizes 3 and 5
    monkeypatch.setattr(faults, "start_command", Started)


def test_kills(tmp_path: Path) -> None:
    assert "2 kills at random moments" in faults.kills(tmp_path, 2)


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_mount", lambda *_: False)  # the suite mounts nothing: a limit on the size of files
    assert "went on with room" in faults.full_disk(tmp_path)


def test_damage(tmp_path: Path) -> None:
    assert "1 cut, 1 flipped, 1 emptied, 1 gone" in faults.damage(tmp_path, 1)
