from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from fuzzing import log
from fuzzing.run import run
from fuzzing.target import Outcome, Target, Work

DIES, HANGS, RAISES, REFUSED = 1, 3, 12, 14


def prepare(seed: int) -> Work:
    """Work that goes wrong in every way."""

    def work(indices: Sequence[int]) -> list[Outcome]:
        if DIES in indices:
            os.kill(os.getpid(), signal.SIGABRT)
        if HANGS in indices:
            time.sleep(60)
        if RAISES in indices:
            raise RuntimeError(f"seed {seed}")
        return [
            Outcome(index, checks=("header",)) if index == REFUSED else Outcome(index, accepted=True)
            for index in indices
        ]

    return work


TARGET = Target("odd", "Goes wrong in every way.", prepare, count=16, batch=4, seconds=1, header=("^header",))


def test_what_dies_hangs_or_raises_is_named_and_the_run_goes_on() -> None:
    report = run(TARGET, 7, 0, 16)
    assert [(outcome.index, outcome.finding) for outcome in report.findings] == [
        (DIES, "the process died"),
        (HANGS, "the process hung for 1 seconds"),
        (RAISES, "the process raised RuntimeError: 'seed 7'"),
    ]
    assert len(report.outcomes) == 16
    text = log.write([report], "python -m fuzzing", 7)
    assert "`python -m fuzzing --seed 7 --count 1 --first 3 odd`" in text
    assert "| odd | 16 | 12 | 4 | 94% | 3 |" in text
    assert "| header | 1 |" in text
