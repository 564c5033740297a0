"""Runs a target over its inputs and counts what came of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .child import Child
from .target import Outcome, Target

_KEPT_FINDINGS = 50


@dataclass
class Report:
    """The counts of one run.

    Attributes:
        target: what was fuzzed.
        seed: of the inputs.
        first: index of the first input.
        count: how many inputs were fed.
        accepted: how many became a valid object.
        past_header: how many got past the checks of lengths and headers.
        checks: how often each check refused something.
        findings: what went wrong; the first 50, each with its index.
        finding_count: how many inputs something went wrong with.
        seconds: the whole run took.
    """

    target: Target
    seed: int
    first: int = 0
    count: int = 0
    accepted: int = 0
    past_header: int = 0
    checks: Counter[str] = field(default_factory=Counter)
    findings: list[Outcome] = field(default_factory=list)
    finding_count: int = 0
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count one input."""
        self.count += 1
        self.accepted += outcome.accepted
        self.past_header += self.target.past_header(outcome)
        self.checks.update(outcome.checks)
        if outcome.finding is not None:
            self.finding_count += 1
            if len(self.findings) < _KEPT_FINDINGS:
                self.findings.append(outcome)


def run(target: Target, seed: int, first: int, count: int) -> Report:
    """Feed ``count`` inputs from the one with index ``first`` on."""
    report = Report(target, seed, first)
    begin = time.monotonic()
    for outcome in outcomes(target, seed, range(first, first + count)):
        report.add(outcome)
    report.seconds = time.monotonic() - begin
    return report


def outcomes(target: Target, seed: int, indices: Sequence[int]) -> Iterator[Outcome]:
    """What came of each input, also of those that kill or stop the process that they are fed to."""
    with Child(target.prepare, seed, target.seconds) as child:
        for start in range(0, len(indices), target.batch):
            batch = indices[start : start + target.batch]
            answer = child.run(batch)
            yield from _one_by_one(child, batch, answer) if isinstance(answer, str) else answer


def _one_by_one(child: Child, batch: Sequence[int], together: str) -> list[Outcome]:
    """The inputs of a batch that went wrong, each alone, so that the guilty one is named."""
    found = []
    for index in batch:
        answer = child.run([index])
        found += [Outcome(index, finding=f"the process {answer}")] if isinstance(answer, str) else answer
    if not any(outcome.finding for outcome in found):
        found[0] = Outcome(
            batch[0], finding=f"the process {together}, but only with inputs {batch[0]} to {batch[-1]} together"
        )
    return found
