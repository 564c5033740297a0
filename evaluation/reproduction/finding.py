"""Findings: the numbers, tables and figures that come out when a claim is measured."""

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
    """Raised where a claim makes no sense for this policy, or cannot be measured on these levels; says why."""


@dataclass(frozen=True)
class Illustration:
    """A figure or a film, with its caption.

    Attributes:
        name: Name of its files, without a suffix.
        caption: What it shows, a sentence.
        content: The figure, or the path of a film, a ``.gif``, or of a figure that was saved.
    """

    name: str
    caption: str
    content: Figure | Path


@dataclass(frozen=True)
class Finding:
    """The outcome of measuring a claim.

    Attributes:
        checks: Numbers that decide the verdict.
        summary: What came out, in one to three sentences with numbers.
        tables: Title to table.
        illustrations: Figures and films.
    """

    checks: Sequence[Check]
    summary: str
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    illustrations: Sequence[Illustration] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict, from the checks alone."""
        return verdict_of(self.checks)
