"""Verdicts on claims, from intervals alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from evaluation.results import Interval

EFFECT = 0.1
"""The smallest effect of interest, in probability."""
LITTLE = 0.05
"""An effect is little if its whole interval lies within this of 0, in probability."""
CORRELATION = 0.1
"""The smallest rank correlation of interest."""


class Outcome(Enum):
    """The outcome of a check."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"


class Verdict(Enum):
    """The verdict on a claim."""

    REPLICATES = "replicates"
    PARTLY = "partly"
    DOES_NOT = "does not replicate"
    OPEN = "undecided"


@dataclass(frozen=True)
class Check:
    """One number that a claim stands on, with the range it must lie in.

    The whole interval must lie in the range. So "has an effect" is a range that begins at the smallest effect of
    interest, and "does little" is a range around 0 that is as wide as an effect may be and still be little: an
    interval that merely contains 0 is no evidence for it.

    Example:
        >>> Check("Δ P(cheese)", Interval(-0.5, -0.6, -0.4), most=-0.1).outcome
        <Outcome.HOLDS: 'holds'>
        >>> Check("Δ P(cheese)", Interval(0.02, -0.15, 0.2), least=-0.1, most=0.1).outcome  # contains 0, but is wide
        <Outcome.OPEN: 'open'>

    Attributes:
        what: What is measured, in a few words.
        interval: The number with its 95 % interval; the bounds are NaN where too little was measured.
        least: Lower end of the range.
        most: Upper end of the range.

    Raises:
        ValueError: if the range is empty or has no end at all.
    """

    what: str
    interval: Interval
    least: float = -math.inf
    most: float = math.inf

    def __post_init__(self) -> None:
        if math.isnan(self.least) or math.isnan(self.most) or self.least > self.most:
            raise ValueError(f"the range of {self.what!r} is empty: {self.least} to {self.most}")
        if math.isinf(self.least) and math.isinf(self.most):
            raise ValueError(f"the range of {self.what!r} has no end: nothing could fall outside it")

    @property
    def outcome(self) -> Outcome:
        """The outcome: holds if the interval lies in the range, fails if it lies outside, else open."""
        _, low, high = self.interval
        if math.isnan(low) or math.isnan(high):
            return Outcome.OPEN
        if self.least <= low and high <= self.most:
            return Outcome.HOLDS
        return Outcome.FAILS if high < self.least or low > self.most else Outcome.OPEN

    @property
    def range(self) -> str:
        """The range as text: ``≥ 0.1``, ``≤ -0.1`` or ``-0.1 to 0.1``."""
        if math.isinf(self.most):
            return f"≥ {self.least:g}"
        return f"≤ {self.most:g}" if math.isinf(self.least) else f"{self.least:g} to {self.most:g}"


def verdict_of(checks: Sequence[Check]) -> Verdict:
    """Judge a claim by its checks.

    It replicates if every check holds, partly if some do, and does not if none holds and one fails. If none holds and
    none fails it is undecided, and more levels may decide it.

    Raises:
        ValueError: if there is no check.
    """
    if not checks:
        raise ValueError("a verdict needs at least one check")
    outcomes = {check.outcome for check in checks}
    if outcomes == {Outcome.HOLDS}:
        return Verdict.REPLICATES
    if Outcome.HOLDS in outcomes:
        return Verdict.PARTLY
    return Verdict.DOES_NOT if Outcome.FAILS in outcomes else Verdict.OPEN
