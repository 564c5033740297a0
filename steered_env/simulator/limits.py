"""The limits of levels, sizes, regions and cells, and checks that a value is within them."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex

import numpy as np

WORLD_SIZE = 25
"""Cells along a side of the world in ``distribution_mode="hard"``."""
MIN_MAZE_SIZE = 3
"""Side of the smallest inner maze."""
MAX_LEVEL = 2**31 - 2
"""procgen keeps the end of its range of levels, ``level + 1``, in an int32."""
MAX_MAZES = 2**16
"""Mazes in a batch: procgen takes 270 kB for each, and ends the process where there is no memory."""
MAX_THREADS = 1024
"""Threads of a batch: procgen ends the process where the system starts no more."""

Cell = tuple[int, int]
"""``(row, col)`` in the world; row 0 is the bottom row, column 0 the left one."""


def whole_number(value: SupportsIndex, what: str, lowest: int | None = None, highest: int | None = None) -> int:
    """Return ``value`` as an int within limits.

    Args:
        value: The number.
        what: What it is, for the message.
        lowest: The least that it may be; None for any.
        highest: The most that it may be, where there is a least; None for any.

    Raises:
        TypeError: if it is no whole number.
        ValueError: if it is out of range.
    """
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{what} must be a whole number, got {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what} must be a whole number, got {value!r}") from None
    if lowest is not None and (number < lowest or (highest is not None and number > highest)):
        limits = f"≥ {lowest}" if highest is None else f"{lowest} to {highest}"
        raise ValueError(f"{what} must be {limits}, got {number}")
    return number


def check_level(level: SupportsIndex) -> int:
    """Return ``level`` as an int.

    Raises:
        TypeError: if it is no whole number.
        ValueError: if it is negative or above `MAX_LEVEL`.
    """
    number = whole_number(level, "level", 0)
    if number > MAX_LEVEL:
        raise ValueError(f"level must be ≤ {MAX_LEVEL}, the last one procgen can start, got {number}")
    return number


def check_levels(levels: Any) -> range | tuple[int, ...]:
    """Return one level or several, such as a list, a range, or an array of numpy's or pandas', as a range or ints.

    Raises:
        TypeError: if one is no whole number.
        ValueError: if one is out of range, or there is none.
    """
    several = listed(levels)
    if several is None:
        several = [levels.tolist() if hasattr(levels, "tolist") else levels]
        if isinstance(several[0], bool) or not isinstance(several[0], SupportsIndex):
            raise TypeError(
                f"levels must be a whole number, a list or a range of them, got {levels!r}: write range(0, 5) for "
                "those from 0 to 4, list(…) for those of a generator or a set"
            )
    if not len(several):
        raise ValueError(f"levels must name at least one level, got {levels!r}")
    if isinstance(several, range):
        check_level(several[0]), check_level(several[-1])
        return several
    return tuple(check_level(level) for level in several)


def listed(values: Any) -> Sequence[Any] | None:
    """A sequence as it is, an array of numpy's or pandas' as a list; None for all that has no order or length."""
    several = values.tolist() if hasattr(values, "tolist") else values
    return several if isinstance(several, Sequence) and not isinstance(several, (str, bytes)) else None


def check_cell(cell: Any, what: str) -> Cell:
    """Return ``cell`` as a pair of ints inside the world.

    Raises:
        TypeError: if it is not a pair of whole numbers.
        ValueError: if it lies outside the world.
    """
    try:
        row, col = cell
    except (TypeError, ValueError):
        raise TypeError(f"{what} must be a cell (row, col), got {cell!r}") from None
    row, col = whole_number(row, f"{what}'s row"), whole_number(col, f"{what}'s column")
    if not (0 <= row < WORLD_SIZE and 0 <= col < WORLD_SIZE):
        raise ValueError(f"{what} must lie in the world, rows and columns 0 to {WORLD_SIZE - 1}, got {(row, col)}")
    return row, col


def check_size(size: SupportsIndex) -> int:
    """Return the side of an inner maze as an int.

    Raises:
        TypeError: if it is no whole number.
        ValueError: unless it is odd and from 3 to 25.
    """
    number = whole_number(size, "size")
    if not (MIN_MAZE_SIZE <= number <= WORLD_SIZE and number % 2):
        raise ValueError(f"size must be odd, {MIN_MAZE_SIZE} to {WORLD_SIZE}, got {number}")
    return number


def check_sizes(sizes: Iterable[SupportsIndex]) -> tuple[int, ...]:
    """Return the sides of inner mazes as ints in ascending order, each once.

    Raises:
        TypeError: if one is no whole number.
        ValueError: if one is not odd and from 3 to 25, or there is none.
    """
    if not isinstance(sizes, Iterable):
        raise TypeError(f"sizes must be several, such as [{sizes!r}], got {sizes!r}")
    numbers = tuple(sorted({check_size(size) for size in sizes}))
    if not numbers:
        raise ValueError("sizes must name at least one size, or be None for all")
    return numbers


def check_cheese_region(side: SupportsIndex) -> int:
    """Return the side of a top-right region as an int.

    Raises:
        TypeError: if it is no whole number.
        ValueError: unless it is from 1 to 25.
    """
    return whole_number(side, "cheese_region", 1, WORLD_SIZE)
