"""A number with its interval, and both as text, the same in every table."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

NONE = "–"
"""Stands in tables where there is no number."""
_SPECIFICATION = re.compile(r"(\+?)(?:\.(\d))?", re.ASCII)


class Interval(NamedTuple):
    """A mean, or another estimate, and its 95 % interval; NaN where there are too few values to say.

    As text it is ``0.39 [0.31, 0.48]``, or the mean alone where there is no interval. A format may ask for signs, and
    for another number of digits than 2.

    Example:
        >>> interval = Interval(0.391, 0.312, 0.478)
        >>> f"{interval}", f"{interval:+}", f"{interval:.3}"
        ('0.39 [0.31, 0.48]', '+0.39 [+0.31, +0.48]', '0.391 [0.312, 0.478]')
    """

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return format(self)

    def __format__(self, specification: str) -> str:
        options = _SPECIFICATION.fullmatch(specification)
        if options is None:
            raise ValueError(f"an interval's format is +, .3 or +.3, got {specification!r}")
        mean, low, high = (format_number(value, digits=int(options[2] or 2), signed=bool(options[1])) for value in self)
        return mean if math.isnan(self.mean) or math.isnan(self.low) else f"{mean} [{low}, {high}]"


def format_number(value: float, *, digits: int = 2, signed: bool = False) -> str:
    """Write a number as ``0.39``, or as ``+0.39`` if signed; zero has no sign, and NaN becomes a dash.

    Example:
        >>> format_number(-0.001, signed=True), format_number(0.125, signed=True)
        ('0.00', '+0.12')
    """
    if math.isnan(value):
        return NONE
    rounded = round(value, digits) + 0.0  # no minus zero
    return f"{rounded:+.{digits}f}" if signed and rounded else f"{rounded:.{digits}f}"
