from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from evaluation import evaluate
from evaluation.storage.listing import find_runs, runs_table
from evaluation.storage.lock import locked
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
    whole = json.loads((tmp_path / "a" / "manifest.json").read_text(encoding="utf-8"))
    for name, edited in (
        ("e", {"chunk": 0}), ("f", {"configuration": []}), ("g", {"mazes": 0}), ("h", {"mazes": "3"}),
        ("i", {"configuration": {"policy": 1, "mazes": 2, "method": 3, "conditions": 4}}), ("j", {"run": None}),
    ):  # fmt: skip
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(json.dumps({**whole, **edited}), encoding="utf-8")
    with locked(tmp_path / "b"):
        runs = find_runs(tmp_path)
    assert [(run.path.name, run.state) for run in runs] == [
        ("a", "finished"), ("b", "running"), ("c", "stopped"), ("d", "damaged"),
        *((name, "damaged") for name in "efghij"),
    ]  # fmt: skip
    assert runs[2].rate is not None
    assert runs[2].rate > 0
    table = runs_table(runs)
    assert table["done"].tolist()[0:3:2] == ["1 of 1 mazes (100%)", "1 of 4 mazes (25%)"]
    assert table["what"][2] == "ImpalaPolicy(width=1), levels 0:4, exact, conditions: 1"
    assert table["what"][0] == "small: ImpalaPolicy(width=1), levels 3:4, exact, conditions: 1"
    assert table["left"][0] == "–"
    assert "chunk" in table["what"][4]
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        find_runs(tmp_path / "nowhere")


def test_a_clock_that_was_in_1970(reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    evaluate(reference_policy, range(2), horizon=4, out=tmp_path, chunk=1)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    manifest["mazes"] = 10_000_000
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for since, written in ((0.0, None), (None, -1.0), (-1e300, None), ("now", None)):
        lock = json.loads((tmp_path / "lock").read_text(encoding="utf-8"))
        (tmp_path / "lock").write_text(json.dumps({**lock, "since": lock["since"] if since is None else since}))
        if written is not None:
            for path in (tmp_path / "chunks").iterdir():
                os.utime(path, (written, written))
        assert runs_table(find_runs(tmp_path))["left"].tolist() == ["–"]
