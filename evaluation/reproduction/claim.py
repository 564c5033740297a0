"""What a claim is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .finding import Finding
from .lab import Lab


@dataclass(frozen=True)
class Claim:
    """One claim of the post: what it says, how it is measured here, and by what rule it is judged.

    Adding one is adding a module to `evaluation.reproduction.claims` that calls one of these ``CLAIM``.

    Attributes:
        number: its place on the page.
        name: for ``--claims`` and for its files.
        title: a short sentence.
        says: what the post says.
        told: the post's own number, if it gave one.
        how: how it is measured here.
        rule: what must hold for it to replicate, with thresholds.
        measure: does it.
        conditions: that it reads from the shared table of `Lab.table`, where they are measured together.
        cost: its rough share of the time.
        reads: names of packaged policies that it measures beside the one in question.
    """

    number: int
    name: str
    title: str
    says: str
    how: str
    rule: str
    measure: Callable[[Lab], Finding]
    told: str = ""
    conditions: tuple[str, ...] = ()
    cost: float = 1.0
    reads: Callable[[], Sequence[str]] = tuple
