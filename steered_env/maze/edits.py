"""Edits that an environment makes in its mazes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .maze import Maze

Edit = Callable[[Maze], Maze]
"""Any function from a maze to a maze, such as `Maze.without_cheese`."""


def check_edits(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits as a tuple.

    Raises:
        TypeError: if one cannot be called, or they are not several.
    """
    if not isinstance(edits, Iterable) or isinstance(edits, Maze):
        hint = f"; write [{getattr(edits, '__qualname__', 'edit')}]" if callable(edits) else ""
        raise TypeError(f"edits must be a list of functions from a Maze to a Maze, got {edits!r}{hint}")
    result = tuple(edits)
    for edit in result:
        if not callable(edit):
            raise TypeError(f"an edit is a function from a Maze to a Maze, got {edit!r}")
    return result


def apply_edits(maze: Maze, edits: Iterable[Edit]) -> Maze:
    """The maze after all edits, made one after the other.

    Raises:
        TypeError: if an edit returns something other than a maze.
    """
    for edit in edits:
        edited = edit(maze)
        if not isinstance(edited, Maze):
            name = getattr(edit, "__qualname__", repr(edit))
            raise TypeError(f"the edit {name} must return a Maze, got {type(edited).__name__}")
        maze = edited
    return maze
