"""The numbers of claims over several networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.results import network_interval

from .claim import Claim
from .store import Stored
from .verdict import Check, Verdict, verdict_of


@dataclass(frozen=True)
class Number:
    """One number of a claim, over several networks.

    Attributes:
        check: The mean over networks with its interval, and the range that it must lie in.
        by_network: Network to its own check, whose interval is over its mazes.
    """

    check: Check
    by_network: Mapping[str, Check]

    @property
    def in_range(self) -> int:
        """The number of networks whose own mean lies in the range."""
        return sum(check.least <= check.interval.mean <= check.most for check in self.by_network.values())

    @property
    def over_mazes(self) -> float:
        """Half the width of one network's interval over its mazes, on average."""
        return float(np.nanmean([(c.interval.high - c.interval.low) / 2 for c in self.by_network.values()]))

    @property
    def between_networks(self) -> float:
        """Standard deviation of the networks' means, the luck of their mazes included."""
        return float(np.std([check.interval.mean for check in self.by_network.values()], ddof=1))


@dataclass(frozen=True)
class OverNetworks:
    """A claim over several networks.

    Attributes:
        claim: The claim.
        numbers: Its numbers.
        findings: Network to what is stored of it.
    """

    claim: Claim
    numbers: Sequence[Number]
    findings: Mapping[str, Stored]

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, from the intervals over networks; None if the claim could not be measured."""
        return verdict_of([number.check for number in self.numbers]) if self.numbers else None

    @property
    def holding(self) -> int:
        """The number of networks whose means all lie in their ranges."""
        return sum(
            bool(stored.checks) and all(c.least <= c.interval.mean <= c.most for c in stored.checks)
            for stored in self.findings.values()
        )


def over_networks(claim: Claim, findings: Mapping[str, Stored]) -> OverNetworks:
    """Put the findings of a claim on several networks together.

    Only numbers that at least two networks have are judged.
    """
    by_what: dict[str, dict[str, Check]] = {}
    for name, stored in findings.items():
        for check in stored.checks:
            if not np.isnan(check.interval.mean):
                by_what.setdefault(check.what, {})[name] = check
    numbers = [_number(what, checks) for what, checks in by_what.items() if len(checks) > 1]
    return OverNetworks(claim, numbers, findings)


def _number(what: str, checks: dict[str, Check]) -> Number:
    first = next(iter(checks.values()))
    interval = network_interval([check.interval for check in checks.values()])
    return Number(Check(what, interval, first.least, first.most), checks)
