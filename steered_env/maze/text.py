"""Mazes as text, to print, to draw by hand, to keep in a test.

::

    level=0 size=5
    ..#.C
    .##.#
    .....
    .#.##
    >#...

``#`` is a wall, ``.`` an open cell, ``C`` the cheese, ``<`` and ``>`` the mouse and where it looks. The first line is
optional, as is each of its words. Either the inner maze is drawn, or all 25×25 cells of the world with the
size in the first line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from steered_env.simulator import MIN_MAZE_SIZE, WORLD_SIZE, Cell, check_level, check_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steered_env.simulator import MazeState

WALL, OPEN, CHEESE, MOUSE = "#", ".", "C", "<>"
_WORD = re.compile(r"(level|size)=(-?\d+)")


class MazeText(NamedTuple):
    """The content of a text maze: the fields of a `MazeState` but for the background, in their order."""

    walls: NDArray[np.bool_]
    cheese: Cell | None
    mouse: Cell
    facing_right: bool
    size: int
    level: int | None


def write(state: MazeState) -> str:
    """Draw a maze as text: the inner maze, or the whole world if a cell outside the inner maze is open."""
    padding = (WORLD_SIZE - state.size) // 2
    inner = slice(padding, padding + state.size)
    outside = state.walls.copy()
    outside[inner, inner] = True
    drawing = np.where(state.walls, WALL, OPEN)
    if state.cheese is not None:
        drawing[state.cheese] = CHEESE
    drawing[state.mouse] = MOUSE[state.facing_right]
    if outside.all():
        drawing = drawing[inner, inner]
    header = f"size={state.size}" if state.level is None else f"level={state.level} size={state.size}"
    return "\n".join([header, *("".join(row) for row in drawing[::-1])])


def read(text: str) -> MazeText:
    """Read a maze drawn as text.

    Raises:
        TypeError: if it is no text.
        ValueError: if it has the wrong shape, an unknown sign, two mice or none, or two cheeses; the
            message names the line.
    """
    if not isinstance(text, str):
        raise TypeError(f"a text maze must be a str, as str(maze) writes it, got {type(text).__name__}")
    lines = [line.strip() for line in text.strip().splitlines()]
    header: dict[str, int] = {}
    if lines and "=" in lines[0]:
        header = _read_header(lines.pop(0))
    drawing = _read_drawing(lines)
    size = check_size(header.get("size", len(lines)))
    if len(lines) not in (size, WORLD_SIZE):
        raise ValueError(f"a text maze of size={size} must be {size} or {WORLD_SIZE} lines high, got {len(lines)}")
    padding = (WORLD_SIZE - len(lines)) // 2
    world = np.pad(drawing, padding, constant_values=WALL)
    mouse = _only(world, MOUSE, "mouse (< or >)")
    if mouse is None:
        raise ValueError("a text maze needs a mouse, < facing left or > facing right, got none")
    return MazeText(
        walls=world == WALL,
        cheese=_only(world, CHEESE, "cheese (C)"),
        mouse=mouse,
        facing_right=bool(world[mouse] == MOUSE[1]),
        size=size,
        level=check_level(header["level"]) if "level" in header else None,
    )


def _read_header(line: str) -> dict[str, int]:
    header: dict[str, int] = {}
    for word in line.split():
        match = _WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"the first line of a text maze may say level=… and size=…, got {word!r}")
        header[match[1]] = int(match[2])
    return header


def _read_drawing(lines: list[str]) -> NDArray[np.str_]:
    """The signs as an array, bottom row first."""
    height = len(lines)
    if not (MIN_MAZE_SIZE <= height <= WORLD_SIZE and height % 2):
        raise ValueError(
            f"a text maze must be square, its side odd and {MIN_MAZE_SIZE} to {WORLD_SIZE}, got {height} lines"
        )
    for number, line in enumerate(lines, 1):
        if len(line) != height:
            raise ValueError(f"row {number} of a text maze of {height} rows must have {height} signs, got {len(line)}")
        if unknown := set(line) - set(WALL + OPEN + CHEESE + MOUSE):
            raise ValueError(
                f"row {number} of a text maze has the unknown sign {min(unknown)!r}; known are "
                f"{WALL} (wall), {OPEN} (open), {CHEESE} (cheese), {MOUSE[0]} and {MOUSE[1]} (mouse)"
            )
    return np.array([list(line) for line in reversed(lines)])


def _only(world: NDArray[np.str_], signs: str, what: str) -> Cell | None:
    cells = np.argwhere(np.isin(world, list(signs)))
    if len(cells) > 1:
        places = " and ".join(str((int(row), int(col))) for row, col in cells[:2])
        raise ValueError(f"a text maze has at most one {what}, got {len(cells)}: at {places} (row, col)")
    return (int(cells[0, 0]), int(cells[0, 1])) if len(cells) else None
