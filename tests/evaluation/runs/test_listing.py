from __future__ import annotations

from pathlib import Path

import pytest

from evaluation import evaluate
from evaluation.runs.listing import find_runs, runs_table
from evaluation.runs.lock import locked
from steered_env import ImpalaPolicy


class KilledError(Exception):
    pass


def test_runs_are_found_with_state_progress_and_rate(reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    def kill(done: int, _total: int) -> None:
        if done:
            raise KilledError

    evaluate("small", range(3, 4), horizon=4, out=tmp_path / "a")
    for name in ("b", "below/c"):
        with pytest.raises(KilledError):
            evaluate(reference_policy, range(4), horizon=4, out=tmp_path / name, chunk=1, on_progress=kill)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "manifest.json").write_text("{")
    with locked(tmp_path / "b"):
        runs = find_runs(tmp_path)
    assert [(run.path.name, run.state) for run in runs] == [
        ("a", "finished"), ("b", "running"), ("c", "stopped"), ("d", "damaged"),
    ]  # fmt: skip
    assert runs[2].rate is not None
    assert runs[2].rate > 0
    table = runs_table(runs)
    assert table["done"].tolist()[0::2] == ["1 of 1 mazes (100%)", "1 of 4 mazes (25%)"]
    assert table["what"][2] == "ImpalaPolicy(width=1), levels 0:4, exact, conditions: 1"
    assert table["what"][0] == "small: ImpalaPolicy(width=1), levels 3:4, exact, conditions: 1"
    assert table["left"][0] == "–"
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        find_runs(tmp_path / "nowhere")
