"""What a claim is, and finding all of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from .verdict import Check, Verdict, verdict_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .lab import Lab


class DoesNotApplyError(Exception):
    """A claim makes no sense for this policy, or cannot be measured on these levels; the message says why."""


@dataclass(frozen=True)
class Picture:
    """A figure, or a film, with what it shows.

    Attributes:
        name: of its files, without a suffix.
        caption: a sentence.
        figure: to be drawn.
        film: a ``.gif`` that was written, instead of a figure.
    """

    name: str
    caption: str
    figure: Figure | None = None
    film: Path | None = None


@dataclass(frozen=True)
class Finding:
    """What was measured of a claim.

    Attributes:
        checks: the numbers that decide it.
        summary: what came out, in one to three sentences with numbers.
        tables: title to frame.
        pictures: figures and films.
    """

    checks: Sequence[Check]
    summary: str
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    pictures: Sequence[Picture] = ()

    @property
    def verdict(self) -> Verdict:
        """From the checks alone."""
        return verdict_of(self.checks)


@dataclass(frozen=True)
class Claim:
    """One claim of the post: what it says, how it is measured here, and by what rule it is judged.

    Adding one is adding a module to `evaluation.reproduce.claims` that calls one of these ``CLAIM``.

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


def all_claims() -> list[Claim]:
    """Every claim there is, in the order of the page."""
    from . import claims

    modules = [
        importlib.import_module(f"{claims.__name__}.{found.name}") for found in pkgutil.iter_modules(claims.__path__)
    ]
    return sorted((module.CLAIM for module in modules), key=lambda claim: claim.number)


def chosen_claims(names: Collection[str] | None) -> list[Claim]:
    """The claims of these names, or all.

    Raises:
        ValueError: if there is no claim of a name; lists those there are.
    """
    known = all_claims()
    if names is None:
        return known
    if unknown := [name for name in names if name not in {claim.name for claim in known}]:
        raise ValueError(f"there is no claim {unknown[0]!r}; there are {', '.join(claim.name for claim in known)}")
    if not names:
        raise ValueError("name at least one claim")
    return [claim for claim in known if claim.name in names]
