"""A maze as a page draws it: procgen's own picture without mouse and cheese, and what stands where."""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from steered_env import Maze
from steered_env.maze import reachable
from steered_env.simulator import RENDERING_SHAPE, SPRITES, WORLD_SIZE, sprite

if TYPE_CHECKING:
    from numpy.typing import NDArray

_REGION = 5
_MARGIN = 2
"""Pixels around a cell into which its mouse may reach."""


def facts_of(maze: Maze) -> dict[str, Any]:
    """All that a page knows about a maze, as plain values."""
    row, col, side = _view(maze)
    region = np.argwhere(maze.top_right_region(_REGION))
    reached = reachable(maze.walls, maze.mouse)
    return {
        "text": str(maze),
        "python": f'Maze.from_text("""\n{maze}\n""")',
        "level": maze.level,
        "size": maze.size,
        "walls": ["".join("#" if wall else "." for wall in cells) for cells in maze.walls],
        "view": {"row": row, "col": col, "side": side},
        "mouse": list(maze.mouse),
        "facing_right": maze.facing_right,
        "cheese": None if maze.cheese is None else list(maze.cheese),
        "start": list(maze.start),
        "corner": list(maze.corner),
        "region": {"row": int(region[0, 0]), "col": int(region[0, 1]), "side": int(np.ptp(region[:, 0])) + 1},
        "decision_square": None if maze.decision_square is None else list(maze.decision_square),
        "cheese_can_be_reached": maze.cheese is not None and bool(reached[maze.cheese]),
        "picture": _picture(maze.without_cheese().with_mouse(_some_open_cell(maze))),
    }


@lru_cache(maxsize=1)
def sprites() -> dict[str, str]:
    """Procgen's pictures of mouse, cheese and wall, as addresses of data; what is around them is cut off."""
    return {name: data_address(sprite(name)) for name in SPRITES}


def data_address(png: bytes) -> str:
    """A PNG as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def png_of(rendering: NDArray[np.uint8]) -> bytes:
    """``(H, W, 3)`` uint8 as PNG, made fast rather than small."""
    with io.BytesIO() as file:
        Image.fromarray(rendering).save(file, "png", compress_level=1)
        return file.getvalue()


def _view(maze: Maze) -> tuple[int, int, int]:
    """The square of cells that is shown: its lowest row, its leftmost column, and its side."""
    low, high = max(maze.start[0] - 1, 0), min(maze.corner[0] + 1, WORLD_SIZE - 1)
    outside = ~maze.walls
    inner = slice(maze.start[0], maze.corner[0] + 1)
    outside[inner, inner] = False
    return (0, 0, WORLD_SIZE) if outside.any() else (low, low, high - low + 1)


def _some_open_cell(maze: Maze) -> tuple[int, int]:
    row, col = np.argwhere(~maze.walls)[0]
    return int(row), int(col)


@lru_cache(maxsize=64)
def _picture(maze: Maze) -> str:
    """The picture of a maze without its mouse, whose cell is taken from the maze with its mouse elsewhere."""
    rendering = maze.render()
    others = [(int(row), int(col)) for row, col in np.argwhere(~maze.walls) if (row, col) != maze.mouse]
    if others:
        place = _pixels(*maze.mouse, 1, margin=_MARGIN)
        rendering[place] = maze.with_mouse(others[-1]).render()[place]
    return data_address(png_of(rendering[_pixels(*_view(maze))]))


def _pixels(row: int, col: int, side: int, *, margin: int = 0) -> tuple[slice, slice]:
    """The pixels of a rendering that show a square of cells."""
    scale = RENDERING_SHAPE[0] / WORLD_SIZE
    top, bottom = (WORLD_SIZE - row - side) * scale, (WORLD_SIZE - row) * scale
    left, right = col * scale, (col + side) * scale
    rows, cols = ((round(low) - margin, round(high) + margin) for low, high in ((top, bottom), (left, right)))
    return slice(max(rows[0], 0), rows[1]), slice(max(cols[0], 0), cols[1])
