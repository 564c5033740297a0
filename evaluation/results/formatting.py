"""Numbers and intervals as text, the same in every table."""

from __future__ import annotations

import math

from .statistics import Interval

NONE = "–"


def number_text(value: float, *, digits: int = 2, signed: bool = False) -> str:
    """``0.39``, or ``+0.39`` if signed; zero has no sign, and what is NaN is a dash.

    Example:
        >>> number_text(-0.001, signed=True), number_text(0.125, signed=True)
        ('0.00', '+0.12')
    """
    if math.isnan(value):
        return NONE
    rounded = round(value, digits) + 0.0  # no minus zero
    return f"{rounded:+.{digits}f}" if signed and rounded else f"{rounded:.{digits}f}"


def written(interval: Interval, *, digits: int = 2, signed: bool = False) -> str:
    """``0.39 [0.31, 0.48]``; the mean alone where there is no interval."""
    mean, low, high = (number_text(value, digits=digits, signed=signed) for value in interval)
    return mean if math.isnan(interval.mean) or math.isnan(interval.low) else f"{mean} [{low}, {high}]"
