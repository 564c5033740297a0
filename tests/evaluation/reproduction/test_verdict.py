from __future__ import annotations

import math

import pytest

from evaluation.reproduction import Check, Outcome, Verdict, verdict_of
from evaluation.results.statistics import Interval

NOTHING = Interval(math.nan, math.nan, math.nan)


@pytest.mark.parametrize(
    ("low", "high", "least", "most", "outcome"),
    [
        (-0.6, -0.4, -math.inf, -0.1, Outcome.HOLDS),
        (-0.6, -0.05, -math.inf, -0.1, Outcome.OPEN),
        (-0.05, 0.2, -math.inf, -0.1, Outcome.FAILS),
        (-0.05, 0.05, -0.1, 0.1, Outcome.HOLDS),
        (-0.15, 0.05, -0.1, 0.1, Outcome.OPEN),  # contains 0, but is wider than little
        (0.11, 0.2, -0.1, 0.1, Outcome.FAILS),
        (0.1, 0.2, 0.1, math.inf, Outcome.HOLDS),
        (0.0, 0.0, 0.0, 0.0, Outcome.HOLDS),
        (math.nan, math.nan, 0.0, 1.0, Outcome.OPEN),
    ],
)
def test_outcomes(low: float, high: float, least: float, most: float, outcome: Outcome) -> None:
    assert Check("x", Interval((low + high) / 2, low, high), least, most).outcome is outcome


def check(outcome: Outcome) -> Check:
    interval = {
        Outcome.HOLDS: Interval(1, 1, 1),
        Outcome.FAILS: Interval(-1, -1, -1),
        Outcome.OPEN: Interval(0, -1, 1),
    }[outcome]
    checked = Check("x", interval, least=0.5)
    assert checked.outcome is outcome
    return checked


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ("HH", Verdict.REPLICATES),
        ("HF", Verdict.PARTLY),
        ("HO", Verdict.PARTLY),
        ("FO", Verdict.DOES_NOT),
        ("F", Verdict.DOES_NOT),
        ("OO", Verdict.OPEN),
    ],
)
def test_verdicts(outcomes: str, verdict: Verdict) -> None:
    names = {"H": Outcome.HOLDS, "F": Outcome.FAILS, "O": Outcome.OPEN}
    assert verdict_of([check(names[letter]) for letter in outcomes]) is verdict


def test_ranges_for_people() -> None:
    assert Check("x", NOTHING, least=0.1).range == "≥ 0.1"
    assert Check("x", NOTHING, most=-0.1).range == "≤ -0.1"
    assert Check("x", NOTHING, -0.1, 0.1).range == "-0.1 to 0.1"


def test_ranges_that_say_nothing() -> None:
    with pytest.raises(ValueError, match="is empty"):
        Check("x", NOTHING, 0.2, 0.1)
    with pytest.raises(ValueError, match="has no end"):
        Check("x", NOTHING)
    with pytest.raises(ValueError, match="at least one check"):
        verdict_of([])
