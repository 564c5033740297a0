"""Targets of fuzzing, and outcomes of their inputs."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """The outcome of one input.

    Attributes:
        index: Index of the input.
        accepted: Whether it became a valid object.
        checks: Patterns of the messages with which something was refused.
        finding: Description of what went wrong; None where nothing did.
    """

    index: int
    accepted: bool = False
    checks: tuple[str, ...] = ()
    finding: str | None = None


Work = Callable[[Sequence[int]], list[Outcome]]
"""Makes the inputs of some indices, feeds them, and says what came of each."""


@dataclass(frozen=True)
class Target:
    """One thing to fuzz.

    Attributes:
        name: Name on the command line.
        what: A sentence for the log.
        prepare: Function from a seed to what does the work; runs in a process of its own.
        count: Number of inputs of the long run.
        batch: Number of inputs that are fed together.
        seconds: Time after which a batch counts as hung.
        header: Patterns of the checks of lengths and headers, with which shallow mutations are refused.
    """

    name: str
    what: str
    prepare: Callable[[int], Work]
    count: int
    batch: int
    seconds: float
    header: tuple[str, ...] = ()

    def past_header(self, outcome: Outcome) -> bool:
        """Tell whether an input got past the checks of lengths and headers."""
        return not any(re.search(pattern, check) for pattern in self.header for check in outcome.checks)


def generator(seed: int, name: str, index: int) -> random.Random:
    """The random numbers of one input: they depend on the seed, the target and the index alone."""
    return random.Random(f"{seed} {name} {index}")


def pattern_of(message: str) -> str:
    """A message without the values it names, so that the messages of one check are counted together."""
    first = message.splitlines()[0] if message else "(no message)"
    for pattern, sign in _VALUES:
        first = re.sub(pattern, sign, first)
    return first[:_LONGEST]


_LONGEST = 160
_VALUES = (
    (r"\S*input\.\w+: ", ""),
    (r"(?<!\w)(?:b?'(?:[^'\\]|\\.)*'|b?\"(?:[^\"\\]|\\.)*\")", "'…'"),
    (r"U\+[0-9A-F]+", "U+…"),
    (r"\b(?:embedder|fc_policy|fc_value|(?:\w+_)?features_extractor|action_net|value_net)\.[\w.]+", "PARAMETER"),
    (r"(?<=it has ).*", "…"),
    (r"(?<=parameters such as ).*", "…"),
    (r"(?<!\w)-?(?:0x[0-9a-f]+|\d[\d.]*(?:e[-+]?\d+)?j?|inf\b|nan\b)", "N"),
    (r"N(?:, N)+", "N, …"),
)
