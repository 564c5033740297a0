"""Several networks on one page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evaluation.reproduction import Check, named_policies, reproduce_networks
from evaluation.reproduction.claims import all_claims
from evaluation.reproduction.lab import Lab
from evaluation.reproduction.network_numbers import over_networks
from evaluation.reproduction.store import Stored
from evaluation.results.interval import Interval

NAMES = ["small-5", "small-5-seed1"]
LEVELS = [3, 26, 2, 6, 0]
"""The first four have a decision square; the last is left over."""


def test_each_network_is_measured_in_mazes_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = reproduce_networks(NAMES, LEVELS, claims=["all-layers"], out=tmp_path)
    assert [over.claim.name for over in networks.claims] == ["all-layers"]
    levels = [
        pd.read_csv(path, skipinitialspace=True)["level"].astype(int).tolist()
        for path in sorted(tmp_path.glob("*/claims/19-*/table-1.csv"))
    ]
    assert levels == [LEVELS[:2], LEVELS[2:4]]
    summary = pd.read_csv(networks.folder / "summary.csv")
    assert set(summary["network"]) == {"all", *NAMES}
    page = networks.page.read_text(encoding="utf-8")
    assert all(name in page for name in NAMES)
    assert "--policy small-5 --policy small-5-seed1 --levels 3,26,2,6,0" in page
    monkeypatch.setattr(Lab, "each", lambda *_, **__: pytest.fail("was measured before"))
    again = reproduce_networks(NAMES, LEVELS, claims=["all-layers"], out=tmp_path)
    assert again.page.read_text(encoding="utf-8") == page


def test_numbers_over_networks() -> None:
    checks = [Check("a", Interval(mean, mean - 0.1, mean + 0.1), least=0.2) for mean in (0.1, 0.3, 0.4, 0.4)]
    findings = {f"network {number}": Stored([check], "") for number, check in enumerate(checks)}
    over = over_networks(all_claims()[0], {**findings, "without": Stored([], "why", problem="does not apply")})
    (number,) = over.numbers
    assert number.check.interval.mean == pytest.approx(0.3)
    assert (number.in_range, over.holding, len(over.findings)) == (3, 3, 5)
    assert number.over_mazes == pytest.approx(0.1)
    assert number.between_networks == pytest.approx(0.02**0.5)


def test_which_networks_are_meant() -> None:
    assert named_policies(["small-5*", "small"])[:2] == NAMES
    for wrong, message in (
        (["small"], "at least two"),
        (["big*"], r"big\*.*small"),
        (["small", "small"], "called small"),
    ):
        with pytest.raises(ValueError, match=message):
            named_policies(wrong)
    with pytest.raises(ValueError, match="2 networks need at least as many levels, got 1"):
        reproduce_networks(NAMES, [3])
    with pytest.raises(ValueError, match="about other networks"):
        reproduce_networks(NAMES, range(4), claims=["family"])
