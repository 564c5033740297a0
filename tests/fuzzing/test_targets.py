from __future__ import annotations

import json
import pickle
import random
from pathlib import Path

import pytest

from fuzzing import conditions, edits, pickles, states
from fuzzing.__main__ import TARGETS
from fuzzing.checkpoints import base_state, model_data, packed, saved, unpacked
from fuzzing.target import pattern_of
from steered_env import load_policy
from steered_env.policy.sb3_archive import from_impala

SHORT = {"edits": 192, "states": 192, "safetensors": 40, "pth": 50, "zip": 50, "conditions": 1500}
ENOUGH_PAST_HEADER = 0.3


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    target = TARGETS[name]
    work = target.prepare(1)
    outcomes = [
        outcome
        for start in range(0, SHORT[name], target.batch)
        for outcome in work(range(start, min(start + target.batch, SHORT[name])))
    ]
    assert [outcome.index for outcome in outcomes] == list(range(SHORT[name]))
    assert not [outcome for outcome in outcomes if outcome.finding]
    assert any(outcome.accepted for outcome in outcomes)
    assert sum(map(target.past_header, outcomes)) > ENOUGH_PAST_HEADER * len(outcomes)
    assert not list(tmp_path.iterdir())
    assert work([7]) == [outcomes[7]]  # an input depends on its index alone


@pytest.mark.parametrize("bomb", pickles.BOMBS)
def test_the_planted_code_is_live(bomb: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert pickle.loads(b"\x80\x02" + bomb + b"N.") is None
    assert (tmp_path / pickles.MARKER).exists()


def test_unchanged_files_are_accepted(tmp_path: Path) -> None:
    rng = random.Random(0)
    state = base_state()
    weights = unpacked(saved(state))
    data = next(name for name in weights if name.endswith("data.pkl"))
    again = b"".join(pickles.operations(weights[data]))
    (tmp_path / "input.pth").write_bytes(packed({**weights, data: again}))
    model = {"data": json.dumps(model_data(rng)).encode(), "policy.pth": saved(from_impala(state))}
    (tmp_path / "input.zip").write_bytes(packed(model))
    for name in ("input.pth", "input.zip"):
        assert load_policy(tmp_path / name).width == 1


def test_a_model_that_is_wrong_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edits, "_MOVES", {**edits._MOVES, 3: (1, 0)})
    outcomes = edits.prepare(0)(range(64))
    assert any("after some steps procgen has another maze" in (outcome.finding or "") for outcome in outcomes)
    monkeypatch.setattr(edits, "OPEN", edits.WALL)
    outcomes = edits.prepare(0)(range(8))
    assert all("procgen draws another maze" in (outcome.finding or "") for outcome in outcomes)


def test_other_errors_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(conditions.Condition, "parse", fail)
    monkeypatch.setattr(states.MazeState, "decode", fail)
    for target in (conditions.TARGET, states.TARGET):
        assert all("KeyError instead of" in (outcome.finding or "") for outcome in target.prepare(0)(range(5)))


def test_patterns() -> None:
    assert (
        pattern_of("each cell's row must be a whole number, got 1.5") == "each cell's row must be a whole number, got N"
    )
    assert pattern_of("/tmp/a/input.pth: no 'x' at (1, -2)\nmore") == "no '…' at (N, …)"
