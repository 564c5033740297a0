from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.reproduction.claims import retargeting
from evaluation.reproduction.lab import Lab
from steered_env import ImpalaPolicy


def test_one_activation_is_chosen_tuned_and_set_in_other_mazes(
    small: ImpalaPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retargeting, "SELECTION", range(29, 32))
    monkeypatch.setattr(retargeting, "_TUNING", range(10, 12))
    monkeypatch.setattr(retargeting, "_TARGETS", 2)
    levels = [3, 19, 26, 34]  # of sizes 5 and 7
    finding = retargeting.CLAIM.measure(Lab(small, levels, tmp_path))
    every = finding.tables["every maze"]
    assert every["level"].tolist() == levels
    assert every[["unsteered", "set", "cheese there"]].stack().between(0, 1).all()
    gain = finding.checks[1].interval
    assert gain.mean == pytest.approx((every["set"] - every["unsteered"]).mean(), abs=1e-3)
    assert all(check.interval.low <= check.interval.mean <= check.interval.high for check in finding.checks[:2])
    assert len(finding.illustrations) >= 2
