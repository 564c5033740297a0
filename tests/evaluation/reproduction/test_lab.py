from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import evaluate, vector_field
from evaluation.measuring.job import Measurer
from evaluation.reproduction.lab import REMOVED, Lab, change, changes
from steered_env import ImpalaPolicy

LEVELS = [2, 3, 6, 26]
CONDITIONS = ("baseline", "-cheese", "top_right")


@pytest.fixture
def lab(small: ImpalaPolicy, tmp_path: Path) -> Lab:
    return Lab(small, LEVELS, tmp_path, CONDITIONS)


def test_measures_are_those_of_evaluate_and_are_kept(
    lab: Lab, small: ImpalaPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lab.table().frame
    expected = evaluate(small, LEVELS, CONDITIONS).frame
    pd.testing.assert_frame_equal(first, expected)
    monkeypatch.setattr(Measurer, "frame", lambda *_: pytest.fail("was measured before"))
    again = Lab(small, LEVELS, lab.folder, CONDITIONS)  # another process that goes on in the same folder
    for each in (lab, again):
        pd.testing.assert_frame_equal(each.table().frame, expected)
    decision = lab.decision(["baseline", "-cheese"])
    assert set(decision.index.get_level_values("level")) == set(lab.decision_levels)
    assert set(decision.index.get_level_values("condition")) == {"baseline", "-cheese"}


def test_changes_are_paired_by_level(lab: Lab) -> None:
    frame = lab.decision(CONDITIONS)
    risen = changes(frame, "top_right", "reach_top_right")
    for level, value in risen.items():
        pair = [frame.loc[(condition, level), "reach_top_right"] for condition in ("top_right", "baseline")]
        assert value == pair[0] - pair[1]
    assert change(frame, "top_right", "reach_top_right").mean == risen.mean()
    assert changes(frame, "no such", "reach_top_right").empty


def test_fields(lab: Lab, small: ImpalaPolicy) -> None:
    maze = lab.mazes[0]
    field, removed = (fields[2] for fields in lab.fields(["-cheese", REMOVED], [2]))
    expected = vector_field(small, maze, "-cheese"), vector_field(small, maze.without_cheese())
    for shared, alone in zip((field, removed), expected, strict=True):
        assert np.allclose(shared.arrows, alone.arrows, atol=1e-5, equal_nan=True)
    assert (field.name, removed.name) == ("-cheese", "cheese removed")
    assert lab.fields([REMOVED], [2])[0][2] is removed


def test_quick_takes_fewer(lab: Lab) -> None:
    assert lab.first(3) == [2, 3, 6]
    lab.quick = True
    assert lab.first(50, range(20)) == list(range(6))
