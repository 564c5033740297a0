"""The tidy frame of measures: its columns and their types."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

BASELINE = "baseline"
"""The condition without steering, which all others are compared with."""
RATES = ("reach_cheese", "reach_top_right", "reach_region", "reach_either")
"""The columns that are reach rates: the probability to get there within the horizon."""
COLUMNS = (
    "level",
    "size",
    "condition",
    *RATES,
    "decision_row",
    "decision_col",
    "p_cheese_at_decision",
    "p_top_right_at_decision",
    "episodes",
    "error_bound",
)
LEVEL_TYPE = pd.Int64Dtype()
"""Type of the column ``level``, whose values may be missing."""
_TYPES: dict[str, Any] = {"maze": np.int64, "level": LEVEL_TYPE, "size": np.int64, "episodes": np.int64}
_ALL_TYPES: dict[str, Any] = {
    **dict.fromkeys(COLUMNS, np.float64),
    **_TYPES,
    "condition": object,
}
_READ_AS: dict[str, Any] = {"condition": str, "level": LEVEL_TYPE}


def frame_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a tidy frame; ``level`` may be missing, all other integers are plain."""
    return typed(pd.DataFrame(rows, columns=["maze", *COLUMNS]))


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with the columns of `frame_of`, each brought to its type."""
    return frame.astype(_ALL_TYPES)


def concatenated(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Frames of `frame_of`, one below the other."""
    return typed(pd.concat(frames, ignore_index=True))


def csv_of(frame: pd.DataFrame) -> str:
    """A frame with a column ``condition`` as CSV, which any program reads; `read_frame` gives back every bit."""
    lone_return = frame["condition"].str.contains("\r", regex=False).any()  # would end a line outside of quotes
    return str(frame.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC if lone_return else csv.QUOTE_MINIMAL))


def read_frame(path: Path) -> pd.DataFrame:
    """A frame as `csv_of` wrote it.

    A condition's name is text whatever it looks like: ``0``, ``NA`` and nothing at all are names as good as others.
    """
    names = pd.read_csv(path, nrows=0).columns
    missing = {name: [""] for name in names if name != "condition"}
    frame: pd.DataFrame = pd.read_csv(
        path,
        float_precision="round_trip",
        dtype=_READ_AS,
        keep_default_na=False,
        na_values=missing,
    )
    frame = frame.astype({name: kind for name, kind in _ALL_TYPES.items() if name in names})
    if "episodes" in names and "error_bound" not in names:
        frame["error_bound"] = bound_without_column(frame["episodes"])
    return frame


def bound_without_column(episodes: pd.Series[int]) -> pd.Series[float]:
    """The error bounds of rows from version 0.1.0, which did not keep them: it ran the network in every state."""
    return pd.Series(np.where(episodes == 0, 0.0, np.nan), episodes.index)
