"""The mazes of a measurement: levels as procgen generates them, or mazes of the caller's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from evaluation.storage import fingerprint
from steered_env import Maze
from steered_env.simulator import check_levels

_LISTED = 8


@dataclass(frozen=True)
class LevelMazes:
    """Mazes that are generated from their levels when they are needed.

    Attributes:
        levels: Each level once; a range stays one, however long.
    """

    levels: range | tuple[int, ...]

    def __len__(self) -> int:
        return len(self.levels)

    def part(self, start: int, stop: int) -> LevelMazes:
        """Cut out consecutive mazes."""
        return LevelMazes(self.levels[start:stop])

    def load(self) -> list[Maze]:
        """Generate the mazes."""
        return Maze.from_levels(self.levels)

    def description(self) -> str:
        """Which they are, for people and for the configuration of a run."""
        levels = self.levels
        if isinstance(levels, range) and levels.step == 1:
            return f"levels {levels.start}:{levels.stop}"
        if len(levels) <= _LISTED:
            listed = f"levels {','.join(map(str, levels))}"
        else:
            listed = f"{len(levels)} levels {','.join(map(str, levels[:3]))},…,{levels[-1]}"
        return f"{listed}, {fingerprint(tuple(levels))}"


@dataclass(frozen=True)
class GivenMazes:
    """Mazes of the caller's.

    Attributes:
        mazes: Each maze once.
    """

    mazes: tuple[Maze, ...]

    def __len__(self) -> int:
        return len(self.mazes)

    def part(self, start: int, stop: int) -> GivenMazes:
        """Cut out consecutive mazes."""
        return GivenMazes(self.mazes[start:stop])

    def load(self) -> list[Maze]:
        """The mazes themselves."""
        return list(self.mazes)

    def description(self) -> str:
        """Their number and fingerprint, for people and for the configuration of a run."""
        return f"{len(self)} mazes of the caller's, {fingerprint(self.mazes)}"


MazeSet = LevelMazes | GivenMazes


class Chunk(NamedTuple):
    """Consecutive mazes.

    Attributes:
        number: Number of the chunk, from 0.
        first: Number of its first maze among all of them.
        mazes: The mazes.
    """

    number: int
    first: int
    mazes: MazeSet


def chunk_of(mazes: MazeSet, number: int, size: int) -> Chunk:
    """Cut out the chunk of a number; the last one may be smaller than the others.

    Args:
        mazes: All mazes.
        number: Number of the chunk, from 0.
        size: Mazes in each chunk.
    """
    first = number * size
    return Chunk(number, first, mazes.part(first, first + size))


def maze_set(levels: int | Sequence[int] | None, mazes: Sequence[Maze] | None) -> MazeSet:
    """Check levels or mazes.

    Raises:
        TypeError: if one is of the wrong kind.
        ValueError: if there is none, both are given, a level is out of range, or a level or maze is named twice.
    """
    if (levels is None) == (mazes is None):
        raise ValueError("name either levels or mazes")
    return LevelMazes(distinct_levels(levels)) if mazes is None else GivenMazes(_checked_mazes(mazes))


def _checked_mazes(mazes: object) -> tuple[Maze, ...]:
    if isinstance(mazes, Maze) or not isinstance(mazes, Iterable):
        hint = "; write mazes=[maze]" if isinstance(mazes, Maze) else ""
        raise TypeError(f"mazes must be a list of Maze objects, got one {type(mazes).__name__}{hint}")
    several = tuple(mazes)
    if not several:
        raise ValueError("mazes must name at least one maze, got none")
    for maze in several:
        if not isinstance(maze, Maze):
            raise TypeError(f"mazes must be Maze objects, got {type(maze).__name__}")
    first: dict[Maze, int] = {}
    for number, maze in enumerate(several):
        if first.setdefault(maze, number) != number:
            raise ValueError(
                f"mazes {first[maze]} and {number} are the same, {maze!r}, but the intervals take every maze for an "
                "independent one: name each maze once (for more episodes of a sampled maze raise episodes)"
            )
    return several


def distinct_levels(levels: object) -> range | tuple[int, ...]:
    """Check levels of which none may be named twice: the intervals take every maze for an independent one.

    Raises:
        TypeError: if one is no whole number.
        ValueError: if one is out of range or named twice, or there is none.
    """
    checked = check_levels(levels)
    if isinstance(checked, range):
        return checked
    seen: set[int] = set()
    for level in checked:
        if level in seen:
            raise ValueError(
                f"level {level} is named {checked.count(level)} times, but the intervals take every maze for an "
                "independent one: name each level once"
            )
        seen.add(level)
    return checked


def read_levels(text: str) -> range | tuple[int, ...]:
    """Read levels as people write them: ``7``, ``0:100`` (the end not included), or ``3,8,12``.

    Raises:
        ValueError: if it is none of these, or a level is negative or named twice.
    """
    if match := re.fullmatch(r"\s*(-?\d+)\s*:\s*(-?\d+)\s*", text):
        start, stop = int(match[1]), int(match[2])
        if stop <= start:
            raise ValueError(f"levels {text!r} name no maze: the end must be above the start")
        return distinct_levels(range(start, stop))
    try:
        numbers = [int(part) for part in text.strip("()").split(",")]
    except ValueError:
        raise ValueError(f"levels must be written as 7, 0:100 or 3,8,12, got {text!r}") from None
    return distinct_levels(numbers)
