"""Range checks of configurations: those of one algorithm call them with its names, those of both are here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from steered_env.simulator import check_cheese_region

_LONGEST_MINUTES = 60 * 24 * 30


def check_budget(config: Any, counted: str) -> None:
    """There must be a budget: a count, or minutes.

    Args:
        config: a dataclass of settings.
        counted: the field of the count.
    """
    if getattr(config, counted) is None and config.minutes is None:
        raise ValueError(f"a training run needs a budget: {counted}=… or minutes=…")
    if config.minutes is not None and not 0 < config.minutes < _LONGEST_MINUTES:
        raise ValueError(f"minutes must be above 0 and below a month, got {config.minutes}")


def check_common(config: Any) -> None:
    """What every algorithm has: the network, where the cheese lies, the average of the weights."""
    check_at_least(config, 1, ["width"])
    check_cheese_region(config.cheese_region)
    if not 0 <= config.average_decay < 1:
        raise ValueError(f"average_decay must be ≥ 0 and below 1, got {config.average_decay}")


def check_at_least(config: Any, least: float, names: Iterable[str]) -> None:
    """Every one of these fields must be ``least`` or more."""
    for name in names:
        if not getattr(config, name) >= least:  # NaN is not
            raise ValueError(f"{name} must be ≥ {least}, got {getattr(config, name)}")


def check_above_zero(config: Any, names: Iterable[str]) -> None:
    """Every one of these fields must be above 0; None is allowed."""
    for name in names:
        if (value := getattr(config, name)) is not None and not value > 0:  # NaN is not
            raise ValueError(f"{name} must be above 0, got {value}")


def check_shares(config: Any, names: Iterable[str]) -> None:
    """Every one of these fields must be from 0 to 1."""
    for name in names:
        if not 0 <= getattr(config, name) <= 1:
            raise ValueError(f"{name} must be 0 to 1, got {getattr(config, name)}")
