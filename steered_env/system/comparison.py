"""Comparing the settings of a run in a folder with those that are asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

_LONGEST = 60


def first_difference(before: Mapping[str, Any], wanted: Mapping[str, Any], *, free: Collection[str] = ()) -> str:
    """Name the first setting with another value, and both values, for an error message; empty if there is none.

    Example:
        >>> first_difference({"width": 1, "seed": 0}, {"width": 4, "seed": 0})
        'width 1, not 4'

    Args:
        before: The settings that a run was begun with.
        wanted: The settings that were asked for.
        free: Names of settings that may differ.
    """
    for name in dict.fromkeys([*before, *wanted]):
        if before.get(name) != wanted.get(name) and name not in free:
            return f"{name} {_short(before.get(name))}, not {_short(wanted.get(name))}"
    return ""


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[:40]} … {text[-16:]}"
