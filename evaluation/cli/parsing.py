"""Levels and sizes as people write them on the command line."""

from __future__ import annotations

import re


def parse_levels(text: str) -> range | tuple[int, ...]:
    """Levels: ``7``, ``0:100`` (the end not included), or ``3,8,12``.

    Raises:
        ValueError: if it is none of these, or a level is negative or named twice.
    """
    from evaluation.measuring import distinct_levels

    if match := re.fullmatch(r"\s*(-?\d+)\s*:\s*(-?\d+)\s*", text):
        start, stop = int(match[1]), int(match[2])
        if stop <= start:
            raise ValueError(f"levels {text!r} name no maze: the end must be above the start")
        return distinct_levels(range(start, stop))
    try:
        numbers = parse_numbers(text, "levels")
    except ValueError:
        raise ValueError(f"levels must be written as 7, 0:100 or 3,8,12, got {text!r}") from None
    return distinct_levels(numbers)


def parse_numbers(text: str, what: str) -> list[int]:
    """Whole numbers: ``3,5,7``.

    Raises:
        ValueError: if it is something else; names ``what``.
    """
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"{what} must be written as 3,5,7, got {text!r}") from None
