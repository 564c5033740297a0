"""Edits of a maze as a page asks for them."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import count

from steered_env import Maze
from steered_env.maze import ACTIONS_OF, after
from steered_env.simulator import MAX_LEVEL, check_size

from . import messages

_BATCH = 32


def edited(maze: Maze, edit: messages.Edit) -> Maze:
    """Make an edit.

    Raises:
        ValueError: if it is impossible; in the words of `Maze`.
    """
    if isinstance(edit, messages.PaintEdit):
        return maze.with_open(edit.cells) if edit.do == "open" else maze.with_walls(edit.cells)
    if isinstance(edit, messages.CheeseEdit):
        return maze.with_cheese(edit.cell)
    if isinstance(edit, messages.MouseEdit):
        return maze.with_mouse(edit.cell, edit.facing_right)
    if isinstance(edit, messages.MoveEdit):
        return _moved(maze, edit.move)
    if isinstance(edit, messages.CarveEdit):
        return maze.with_corner_path(edit.corner)
    if isinstance(edit, messages.TextEdit):
        return Maze.from_text(edit.text)
    if isinstance(edit, messages.LevelEdit):
        return Maze.from_level(edit.level)
    if isinstance(edit, messages.RandomEdit):
        level = random.Random(edit.seed).randrange(MAX_LEVEL)
        return Maze.from_level(level) if edit.size is None else _of_size(edit.size, level)
    if isinstance(edit, messages.SizeEdit):
        return _of_size(edit.size, 0 if maze.level is None else maze.level + 1)
    return _plainly_edited(maze, edit.do)


def _plainly_edited(maze: Maze, what: str) -> Maze:
    if what == "no_cheese":
        return maze.without_cheese()
    step = 1 if what == "next" else -1
    return Maze.from_level(0 if maze.level is None else min(max(maze.level + step, 0), MAX_LEVEL))


def _moved(maze: Maze, move: str) -> Maze:
    """The maze after a move, as the environment makes it: at the cheese the cheese is eaten."""
    cell, facing_right = after(maze.walls, maze.mouse, maze.facing_right, ACTIONS_OF[move][0])
    cheese = None if cell == maze.cheese else maze.cheese
    return replace(maze, mouse=cell, facing_right=facing_right, cheese=cheese)


def _of_size(size: int, level: int) -> Maze:
    """The first maze of a size, from a level on."""
    check_size(size)
    for start in count(level, _BATCH):
        levels = [number % (MAX_LEVEL + 1) for number in range(start, start + _BATCH)]
        for maze in Maze.from_levels(levels):
            if maze.size == size:
                return maze
    raise AssertionError  # the loop has no end, and every size comes soon
