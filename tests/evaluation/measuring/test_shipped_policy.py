"""The effects on the shipped policy that the README shows."""

from __future__ import annotations

import pytest

from evaluation import Results, evaluate
from steered_env import ImpalaPolicy

WITH_DECISION_SQUARE = [0, 2, 3, 6, 25, 26, 27, 34, 38, 51, 52, 54]
"""Those of levels 0 to 59 that have one and are small, of sizes 5 to 15."""
WITHOUT_PATH = [17]
"""Of size 25."""
CONDITIONS = ["baseline", "-cheese", "top_right", "top_right - cheese", "-random"]


@pytest.fixture(scope="module")
def results(small: ImpalaPolicy) -> Results:
    return evaluate(small, WITH_DECISION_SQUARE + WITHOUT_PATH, CONDITIONS)


def test_steering_effects_with_a_decision_square(results: Results) -> None:
    rates = results.with_decision_square().summary().set_index("condition")
    cheese, top_right = rates["reach_cheese"], rates["reach_top_right"]
    assert cheese["-cheese"] <= cheese["baseline"] / 3
    assert top_right["top_right"] >= 2 * top_right["baseline"]
    assert cheese["top_right - cheese"] <= cheese["baseline"] / 3
    assert top_right["top_right - cheese"] >= 2 * top_right["baseline"]
    for measure in ("reach_cheese", "reach_top_right"):
        assert abs(rates.loc["-random", f"{measure}_difference"]) < 0.05


def test_levels_without_a_carved_path_are_left_out(results: Results) -> None:
    summary = results.summary().set_index("condition")
    assert set(results.frame[results.frame["size"] == 25]["level"]) == set(WITHOUT_PATH)
    assert summary.loc["top_right", "left_out"] == len(WITHOUT_PATH)
    assert summary.loc["baseline", "left_out"] == 0
    assert summary.loc["top_right", "reach_cheese_paired"] == len(WITH_DECISION_SQUARE)
