"""Tables of rates, and of what conditions change."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from evaluation.results import mean_interval

from .lab import change, rows_of

_RATES = {
    "cheese": "reach_cheese",
    "corner": "reach_top_right",
    "neither": "reach_either",
    "P(to cheese)": "p_cheese_at_decision",
    "P(to corner)": "p_top_right_at_decision",
}


def rates_table(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Tabulate mean rates with their intervals, one row for each set of levels."""
    rows = []
    for name, frame in frames.items():
        row = {"condition": name, "levels": str(len(frame))}
        for title, column in _RATES.items():
            values = 1 - frame[column] if title == "neither" else frame[column]
            row[title] = str(mean_interval(values))
        rows.append(row)
    return pd.DataFrame(rows)


def changes_table(frame: pd.DataFrame, conditions: list[str]) -> pd.DataFrame:
    """Tabulate what conditions change on average, one row for each.

    Args:
        frame: A table indexed by condition and level, as `Lab.decision` gives it.
        conditions: Names of conditions; one without rows is left out.
    """
    measured = frame.index.unique(level=0)
    measures = {f"Δ {title}": column for title, column in _RATES.items() if title != "neither"}
    rows = []
    for condition in conditions:
        if condition not in measured:
            continue
        row = {"condition": condition, "levels": str(len(rows_of(frame, condition)))}
        for title, column in measures.items():
            row[title] = format(change(frame, condition, column), "+")
        rows.append(row)
    return pd.DataFrame(rows, columns=["condition", "levels", *measures])
