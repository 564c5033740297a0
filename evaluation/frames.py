"""The tidy frame of measures: its columns and their types."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .measures import RATES

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
)
LEVEL_TYPE = pd.Int64Dtype()
"""Of the column ``level``, which may be missing."""
_TYPES: dict[str, Any] = {"maze": np.int64, "level": LEVEL_TYPE, "size": np.int64, "episodes": np.int64}


def frame_of(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a tidy frame; ``level`` may be missing, all other integers are plain."""
    return typed(pd.DataFrame(rows, columns=["maze", *COLUMNS]))


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with the columns of `frame_of`, each brought to its type."""
    numbers: dict[str, Any] = {name: np.float64 for name in COLUMNS if name not in (*_TYPES, "condition")}
    return frame.astype({**_TYPES, **numbers, "condition": object})
