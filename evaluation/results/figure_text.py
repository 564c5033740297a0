"""The user's own words in figures: shown as they are, and broken into lines."""

from __future__ import annotations

import textwrap
from pathlib import Path

_LINES = 8
"""A name of more lines than these is cut in its middle."""


def literal(text: str) -> str:
    r"""A text that matplotlib shows as it is, where it would take what stands between two dollars for a formula.

    Example:
        >>> print(literal("$x^{$"))
        \$x^{\$
    """
    return text.encode(errors="replace").decode().replace("$", "\\$")


def in_lines(text: str, width: int) -> str:
    """A name on as many lines as it needs, each at most ``width`` characters, as `literal` has it.

    Example:
        >>> print(in_lines("2*top_right - cheese", 14))
        2*top_right -
        cheese
    """
    lines = textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    if len(lines) > _LINES:
        half = _LINES // 2
        lines = [*lines[:half], "…", *lines[1 - half :]]
    return literal("\n".join(lines))


def policy_name(policy: str) -> str:
    """Shorten a path to its last part; a packaged policy keeps its name."""
    return Path(policy).name


def lines_of(text: str) -> int:
    """The number of lines of a text."""
    return text.count("\n") + 1
