"""From intervals to verdicts, by rules that know nothing of the policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from evaluation.results import Interval


class Outcome(Enum):
    """What an interval says about a check."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"


class Verdict(Enum):
    """What the checks of a claim say about it."""

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
        what: is measured, in a few words.
        interval: the number with its 95 % interval; NaN bounds where there is too little to say.
        least: the range's lower end.
        most: its upper end.

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
        """Holds if the interval lies in the range, fails if it lies outside, and is open where they overlap."""
        _, low, high = self.interval
        if math.isnan(low) or math.isnan(high):
            return Outcome.OPEN
        if self.least <= low and high <= self.most:
            return Outcome.HOLDS
        return Outcome.FAILS if high < self.least or low > self.most else Outcome.OPEN

    @property
    def range(self) -> str:
        """The range for people: ``≥ 0.1``, ``≤ -0.1`` or ``-0.1 to 0.1``."""
        if math.isinf(self.most):
            return f"≥ {self.least:g}"
        return f"≤ {self.most:g}" if math.isinf(self.least) else f"{self.least:g} to {self.most:g}"


def verdict_of(checks: Sequence[Check]) -> Verdict:
    """The verdict on a claim: replicates if every check holds, does not if none holds and one fails.

    Where some hold and others fail or are open it replicates partly; where none holds and none fails it is
    undecided, and more levels may decide it.

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
