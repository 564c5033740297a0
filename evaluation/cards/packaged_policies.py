"""The table of the packaged policies, from the metadata of their weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from evaluation.results import NONE, format_number
from steered_env.policy import packaged_policies, read_metadata

from .measurements import MEASURED

_EFFECTS = {
    "-cheese": ("reach_cheese", "Δ cheese: -cheese"),
    "top_right": ("reach_top_right", "Δ top right: top_right"),
    "top_right - cheese": ("reach_top_right", "Δ top right: both"),
}


def policies_table() -> pd.DataFrame:
    """One row per packaged policy, as text: what it was trained on, how well it does, what steering does to it."""
    return pd.DataFrame([{"policy": name, **_row(read_metadata(name))} for name in packaged_policies()])


def _row(metadata: Mapping[str, Any]) -> dict[str, str]:
    config, measured = metadata["config"], metadata.get(MEASURED, {})
    row = {
        "trained by": metadata.get("algorithm", "imitation"),
        "width": str(config["width"]),
        "sizes": ",".join(map(str, config.get("sizes") or ())) or "all",
        "region": str(config["cheese_region"]),
        "seed": str(config["seed"]),
        "correct moves": _number(measured.get("move_accuracy"), ".1%"),
        "cheese": _number((measured.get("cheese_rate") or [None])[0], ".3f"),
    }
    effects = measured.get("effects", {})
    for condition, (measure, title) in _EFFECTS.items():
        difference = effects.get(condition, {}).get(f"{measure}_difference")
        row[title] = NONE if difference is None else format_number(difference, signed=True)
    row["mazes"] = " / ".join(str(effects.get(condition, {}).get("levels", NONE)) for condition in _EFFECTS)
    return row


def _number(value: float | None, form: str) -> str:
    return NONE if value is None else format(value, form)
