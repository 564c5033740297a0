"""What is said when work is stopped, and what is left of it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from steered_env.system.atomic_write import whole_file
from steered_env.system.interruption import stop_requests, stopped_at_once


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_said_before_anything_is_cleaned_up(
    number: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half_written: list[int] = []

    def kept() -> str:
        half_written.append(len(list(tmp_path.iterdir())))
        return "a chunk is kept"

    def write() -> None:
        with stopped_at_once(kept), whole_file(tmp_path / "film.mp4") as temporary:
            temporary.write_text("half of it")
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        write()
    assert "a chunk is kept" in capsys.readouterr().err
    assert half_written == [1]
    assert not list(tmp_path.iterdir())


def test_a_part_names_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with stopped_at_once(lambda: "the whole", whole=True):
        with stop_requests(lambda: "a part") as stop:
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.made
        with pytest.raises(KeyboardInterrupt), stopped_at_once(lambda: "another part"):
            os.kill(os.getpid(), signal.SIGINT)
    with stop_requests(lambda: "not a part"):
        os.kill(os.getpid(), signal.SIGINT)
    first, second, last = capsys.readouterr().err.splitlines()
    assert first.endswith(": the whole")
    assert second.endswith(": the whole")
    assert last.endswith(": not a part")
