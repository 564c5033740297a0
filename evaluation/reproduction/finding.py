"""What came out of measuring a claim, or why nothing did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from .verdict import Check, Verdict, verdict_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
