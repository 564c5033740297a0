"""Levels and sizes as people write them on the command line."""

from __future__ import annotations


def parse_levels(text: str) -> range | tuple[int, ...]:
    """Levels: ``7``, ``0:100`` (the end not included), or ``3,8,12``.

    Raises:
        ValueError: if it is none of these, or a level is negative or named twice.
    """
    from evaluation.measuring import read_levels

    return read_levels(text)


def parse_numbers(text: str, what: str) -> list[int]:
    """Whole numbers: ``3,5,7``.

    Raises:
        ValueError: if it is something else; names ``what``.
    """
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"{what} must be written as 3,5,7, got {text!r}") from None
