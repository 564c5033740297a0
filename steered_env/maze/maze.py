"""The maze: an immutable value, made from a level or drawn as text, and its edits."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from steered_env.simulator import (
    WORLD_SIZE,
    Cell,
    MazeState,
    check_cell,
    draw_observations,
    draw_rendering,
    load_levels,
)

from . import text as maze_text
from .paths import first_steps, on_all_shortest_paths, reachable, shortest_path

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class Maze(MazeState):
    """One maze with its mouse and, mostly, its cheese. Immutable: every edit returns a new maze.

    Two mazes are equal when the policy and procgen cannot tell them apart and they come from the same level.

    Example:
        >>> maze = Maze.from_level(0)
        >>> maze.size, maze.mouse, maze.cheese, maze.decision_square
        (13, (6, 6), (11, 6), (12, 10))
        >>> maze.without_cheese().cheese is None, maze.cheese
        (True, (11, 6))
        >>> Maze.from_text(str(maze)) == maze
        True

    Attributes:
        walls: ``(25, 25)`` bool, True where a cell is a wall; read-only.
        cheese: The cheese's cell, or None.
        mouse: The mouse's cell.
        facing_right: Whether the mouse looks to the right.
        size: Side of the inner maze, in cells.
        level: The level it came from, or None.
        background: Index of the background image, 0 to 8.
        background_offset: Place at which the background image is cut, 0 to 1.
    """

    @classmethod
    def from_level(cls, level: int) -> Maze:
        """The maze that procgen generates for a level (game ``maze``, ``distribution_mode="hard"``).

        Raises:
            TypeError: if the level is no whole number.
            ValueError: if it is negative or above 2³¹ − 2.
        """
        return cls.from_levels([level])[0]

    @classmethod
    def from_levels(cls, levels: Iterable[int]) -> list[Maze]:
        """The mazes of many levels, generated side by side in one batch.

        Raises:
            TypeError: if a level is no whole number.
            ValueError: if a level is negative or above 2³¹ − 2.
        """
        return [cls.decode(state) for state in load_levels(list(levels))]

    @classmethod
    def from_text(cls, text: str) -> Maze:
        """Read a maze drawn as text, as `str` writes it (see `steered_env.maze.text`).

        Without a level it looks like level 0 and its ``level`` is None. A cheese that the mouse cannot get to is
        mostly a slip of the pen: the maze is read, with a warning. Edits make such mazes without one, since they
        may go through them on their way to another.

        Example:
            >>> maze = Maze.from_text('''
            ... ..C
            ... .#.
            ... >#.
            ... ''')
            >>> maze.size, maze.cheese, maze.path(maze.mouse, maze.cheese)
            (3, (13, 13), [(11, 11), (12, 11), (13, 11), (13, 12), (13, 13)])

        Raises:
            TypeError: if it is no text.
            ValueError: if the text has the wrong shape, an unknown sign, two mice or none, or two cheeses.
        """
        drawn = maze_text.read(text)
        maze = cls(*drawn, *_theme(drawn.level or 0))
        if maze.cheese is not None and not reachable(maze.walls, maze.mouse)[maze.cheese]:
            warnings.warn(
                f"no path joins the mouse at {maze.mouse} and the cheese at {maze.cheese} (row, col) of this text "
                "maze; open one with with_open, or draw it without the cheese",
                stacklevel=2,
            )
        return maze

    def __str__(self) -> str:
        return maze_text.write(self)

    def __repr__(self) -> str:
        facing = "right" if self.facing_right else "left"
        return f"<Maze level={self.level} size={self.size} mouse={self.mouse} facing={facing} cheese={self.cheese}>"

    def _repr_png_(self) -> bytes:
        import imageio.v3 as iio

        with io.BytesIO() as file:
            iio.imwrite(file, self.render(), extension=".png")
            return file.getvalue()

    def _repr_html_(self) -> str:
        png, alt = base64.b64encode(self._repr_png_()).decode(), repr(self).strip("<>")
        return f'<img alt="{alt}" width="256" src="data:image/png;base64,{png}">'

    @cached_property
    def _key(self) -> tuple[object, ...]:
        look = (self.background, self.background_offset)
        return self.walls.tobytes(), self.cheese, self.mouse, self.facing_right, self.size, self.level, look

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Maze) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def start(self) -> Cell:
        """The cell in which procgen puts the mouse: the inner maze's bottom-left one."""
        padding = (WORLD_SIZE - self.size) // 2
        return padding, padding

    @property
    def corner(self) -> Cell:
        """The inner maze's top-right cell, open in every generated maze."""
        last = (WORLD_SIZE + self.size) // 2 - 1
        return last, last

    def top_right_region(self, side: int = 5) -> NDArray[np.bool_]:
        """``(25, 25)`` bool: the ``side`` × ``side`` cells at the corner, clipped to the inner maze.

        Raises:
            ValueError: if ``side`` is below 1.
        """
        if side < 1:
            raise ValueError(f"the side of the top-right region must be ≥ 1, got {side}")
        end = self.corner[0] + 1
        begin = max(end - side, self.start[0])
        region = np.zeros_like(self.walls)
        region[begin:end, begin:end] = True
        return region

    @cached_property
    def decision_square(self) -> Cell | None:
        """The last cell shared by the shortest paths start→cheese and start→corner.

        In a maze with loops, the farthest cell from the start that lies on all shortest paths to both. None where
        that cell is the cheese or the corner itself (all ways to one lead over the other), where there is no cheese,
        or where a path is missing.
        """
        if self.cheese is None:
            return None
        to_cheese = on_all_shortest_paths(self.walls, self.start, self.cheese)
        to_corner = set(on_all_shortest_paths(self.walls, self.start, self.corner))
        shared = [cell for cell in to_cheese if cell in to_corner]
        if not shared or shared[-1] in (self.cheese, self.corner):
            return None
        return shared[-1]

    def path(self, a: Cell, b: Cell) -> list[Cell]:
        """A shortest path between two open cells, both ends included.

        In a maze with loops there may be others; `next_cells` names every cell with which one begins.

        Raises:
            ValueError: if a cell is outside the world or a wall, or no path joins the two.
        """
        ends = self._open_cell(a, "the path's first cell"), self._open_cell(b, "the path's last cell")
        path = shortest_path(self.walls, *ends)
        if path is None:
            raise ValueError(f"no path joins {ends[0]} and {ends[1]} in {self!r}")
        return path

    def next_cells(self, here: Cell, goal: Cell) -> list[Cell]:
        """The cells beside ``here`` with which a shortest path to another open cell begins.

        One, in a maze without loops, as procgen generates them; none if the two are one cell.

        Example:
            >>> maze = Maze.from_level(0)
            >>> maze.next_cells(maze.decision_square, maze.corner)
            [(12, 11)]

        Raises:
            ValueError: if a cell is outside the world or a wall, or no path joins the two.
        """
        ends = self._open_cell(here, "the path's first cell"), self._open_cell(goal, "the path's last cell")
        steps = first_steps(self.walls, *ends)
        if not steps and ends[0] != ends[1]:
            raise ValueError(f"no path joins {ends[0]} and {ends[1]} in {self!r}")
        return steps

    def without_cheese(self) -> Maze:
        """The maze with no cheese."""
        return replace(self, cheese=None)

    def with_cheese(self, cell: Cell) -> Maze:
        """The maze with its cheese in another cell.

        Raises:
            TypeError: if it is no cell; `without_cheese` takes the cheese out.
            ValueError: if the cell is outside the world, a wall, or the mouse's.
        """
        return replace(self, cheese=check_cell(cell, "cheese"))

    def with_mouse(self, cell: Cell, facing_right: bool = False) -> Maze:
        """The maze with its mouse in another cell, facing left by default.

        Raises:
            ValueError: if the cell is outside the world, a wall, or the cheese's.
        """
        return replace(self, mouse=cell, facing_right=facing_right)

    def with_open(self, cells: Iterable[Cell]) -> Maze:
        """The maze with these cells open.

        Raises:
            ValueError: if a cell is outside the world.
        """
        return self._with(cells, wall=False)

    def with_walls(self, cells: Iterable[Cell]) -> Maze:
        """The maze with walls in these cells.

        Raises:
            ValueError: if a cell is outside the world, or the mouse or the cheese is in it.
        """
        return self._with(cells, wall=True)

    def _with(self, cells: Iterable[Cell], *, wall: bool) -> Maze:
        walls = self.walls.copy()
        for cell in cells:
            walls[check_cell(cell, "each cell")] = wall
        return replace(self, walls=walls)

    def with_top_right_path(self) -> Maze:
        """The maze with a path carved from its corner to the world's absolute top right.

        The cells straight above the corner are opened up to the world's top row, then those along the top row
        to the last column. Mouse, cheese and the maze's own layout stay. A maze of size 25 has its corner
        there already and is returned unchanged.
        """
        return self.with_corner_path("top right")

    @property
    def corners(self) -> dict[str, Cell]:
        """The inner maze's four corner cells: ``"top right"``, ``"top left"``, ``"bottom right"``, ``"bottom left"``.

        All are open in a generated maze; the bottom left one is the start.
        """
        low, high = self.start[0], self.corner[0]
        return {
            "top right": (high, high),
            "top left": (high, low),
            "bottom right": (low, high),
            "bottom left": (low, low),
        }

    def with_corner_path(self, corner: str) -> Maze:
        """The maze with a path carved from one of its corners to the same corner of the world.

        The cells straight above the corner, or below it, are opened up to the world's edge, then those along the edge.
        Mouse, cheese and the maze's own layout stay. A maze of size 25 is returned unchanged.

        Args:
            corner: One of `corners`.

        Raises:
            ValueError: if it is none of them.
        """
        if corner not in self.corners:
            raise ValueError(f"corner must be one of {', '.join(self.corners)}, got {corner!r}")
        row, col = self.corners[corner]
        vertical, horizontal = corner.split()
        rows = range(row + 1, WORLD_SIZE) if vertical == "top" else range(row)
        cols = range(col + 1, WORLD_SIZE) if horizontal == "right" else range(col)
        edge = WORLD_SIZE - 1 if vertical == "top" else 0
        return self.with_open([(r, col) for r in rows] + [(edge, c) for c in cols])

    def observe(self) -> NDArray[np.uint8]:
        """Draw what the policy sees: ``(64, 64, 3)`` uint8, drawn by procgen."""
        observation: NDArray[np.uint8] = draw_observations([self])[0]
        return observation

    def render(self) -> NDArray[np.uint8]:
        """Draw the maze for people: ``(512, 512, 3)`` uint8, drawn by procgen."""
        return draw_rendering(self)


def check_maze(maze: object) -> Maze:
    """Return ``maze`` if it is one.

    Raises:
        TypeError: if it is something else; says how to make a maze of it.
    """
    if not isinstance(maze, Maze):
        hint = f"; Maze.from_level({maze}) makes one" if isinstance(maze, (int, np.integer)) else ""
        raise TypeError(f"maze must be a Maze, got {type(maze).__name__}{hint}")
    return maze


@lru_cache(maxsize=4096)
def _theme(level: int) -> tuple[int, float]:
    maze = Maze.from_level(level)
    return maze.background, maze.background_offset
