"""The two methods against rates that another program wrote, and against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evaluation import Results, evaluate
from steered_env import ImpalaPolicy, Maze

CONDITIONS = ["baseline", "-cheese", "top_right", "top_right - cheese"]
COMPARED = ["reach_cheese", "reach_top_right", "p_cheese_at_decision", "p_top_right_at_decision"]
SMALL = 7
LARGER_LEVELS = [0, 55]
"""Of sizes 13 and 25, each with a decision square."""
SAMPLED_LEVELS = [3, 11, 15, 18, 19, 20, 26, 30, 38, 44, 52, 56]
"""Of sizes 3 to 9, where within the horizon many rates lie well between 0 and 1."""
SAMPLED_HORIZON = 5
EPISODES = 40


def test_exact_reproduces_the_reference(
    reference_policy: ImpalaPolicy, reference_rates: pd.DataFrame, mazes: list[Maze]
) -> None:
    levels = [maze.level for maze in mazes if maze.size <= SMALL] + LARGER_LEVELS
    exact = evaluate(reference_policy, levels, CONDITIONS)
    both = exact.frame.merge(reference_rates, on=["level", "condition"], suffixes=("", "_reference"))
    assert len(both) == reference_rates["level"].isin(levels).sum() == len(exact.frame)
    for column in COMPARED:
        found, expected = both[column].to_numpy(), both[f"{column}_reference"].to_numpy()
        assert np.array_equal(np.isnan(found), np.isnan(expected)), column
        assert np.nanmax(np.abs(found - expected)) < 1e-4, column
    for column in ("size", "decision_row", "decision_col"):
        assert both[column].equals(both[f"{column}_reference"].astype(both[column].dtype))


def test_sampled_agrees_with_exact(reference_policy: ImpalaPolicy) -> None:
    def measure(**method: Any) -> Results:
        return evaluate(reference_policy, SAMPLED_LEVELS, CONDITIONS, horizon=SAMPLED_HORIZON, **method)

    exact, sampled = measure(), measure(method="sampled", episodes=EPISODES, seed=1)
    both = sampled.frame.merge(exact.frame, on=["level", "condition"], suffixes=("", "_exact"))
    assert len(both) == len(SAMPLED_LEVELS) * len(CONDITIONS)
    for column in ("reach_cheese", "reach_top_right", "reach_region", "reach_either"):
        rows = both.dropna(subset=[column])
        assert rows[column].isna().sum() == rows[f"{column}_exact"].isna().sum()
        counts = (rows[column] * EPISODES).round().astype(int)
        intervals = [stats.binomtest(count, EPISODES).proportion_ci(0.95, method="wilson") for count in counts]
        covered = [
            low - 1e-9 <= rate <= high + 1e-9
            for (low, high), rate in zip(intervals, rows[f"{column}_exact"], strict=True)
        ]
        assert np.mean(covered) >= 0.9, column
        rates = rows[f"{column}_exact"]
        spread = np.sqrt((rates * (1 - rates) * EPISODES).sum())
        assert abs((counts - rates * EPISODES).sum() / spread) < 3, column
    for column in ("p_cheese_at_decision", "p_top_right_at_decision"):
        assert np.allclose(both[column], both[f"{column}_exact"], atol=1e-6, equal_nan=True)
