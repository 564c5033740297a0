"""The parts of a claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .finding import Finding
from .lab import Lab


@dataclass(frozen=True)
class Source:
    """A text that claims come from.

    Attributes:
        title: Its title.
        url: Its address.
    """

    title: str
    url: str


POST = Source(
    "Maze-solving agents: Add a top-right vector, make the agent go to the top-right",
    "https://www.lesswrong.com/posts/gRp6FAWcQiCWkouN5/maze-solving-agents-add-a-top-right-vector-make-the-agent-go",
)
COMPANION = Source(
    "Understanding and controlling a maze-solving policy network",
    "https://www.lesswrong.com/posts/cAC4AXiNC5ig6jQnc/understanding-and-controlling-a-maze-solving-policy-network",
)


@dataclass(frozen=True)
class Quotation:
    """A few words of a text, as they stand there.

    Attributes:
        words: The words, without quotation marks.
        section: Heading of the section that they stand in.
        source: The text.
    """

    words: str
    section: str
    source: Source


@dataclass(frozen=True)
class Claim:
    """One claim of the post: its statement, how it is measured here, and the criterion by which it is judged.

    To add a claim, add a module to `evaluation.reproduction.claims` that calls a `Claim` ``CLAIM``.

    Attributes:
        number: Place on the page, from 1.
        name: Short name, for ``--claims`` and for the claim's files.
        title: Heading on the page, a short sentence.
        statement: What the post says.
        method: How the claim is measured here.
        criterion: What must hold for the claim to replicate, with thresholds.
        measure: Function that measures it.
        reported: The post's own number; empty if it gave none.
        quotations: The post's own words for the statement; none where its text was not at hand.
        quick: The checks that the sixteen mazes of ``--quick`` can decide, by what they measure; none where they are
            too few.
        conditions: Conditions that it reads from the shared table of `Lab.table`, where they are measured together.
        cost: Rough share of the time of all claims.
        other_policies: Function that names the packaged policies that are measured beside the one in question.
    """

    number: int
    name: str
    title: str
    statement: str
    method: str
    criterion: str
    measure: Callable[[Lab], Finding]
    reported: str = ""
    quotations: tuple[Quotation, ...] = ()
    quick: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    cost: float = 1.0
    other_policies: Callable[[], Sequence[str]] = tuple
