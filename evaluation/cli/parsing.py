"""Levels, mazes and steerings as people name them on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steered_env import Maze, Steering


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


def load_steerings(named: Sequence[str] | None) -> dict[str, Steering]:
    """Steerings by the names that they have in conditions, each written as ``NAME=FILE``.

    Raises:
        OSError: if a file cannot be read.
        ValueError: if one is written otherwise, a name is given twice or cannot be a word of conditions, or a file
            holds no steering.
    """
    from evaluation.measuring import check_vectors
    from steered_env import Steering

    steerings: dict[str, Steering] = {}
    for text in named or ():
        name, equals, file = text.partition("=")
        if not (name and equals and file):
            raise ValueError(f"a steering must be written as NAME=FILE.safetensors, got {text!r}")
        if name in steerings:
            raise ValueError(f"two steerings are called {name!r}; give each a name of its own")
        steerings[name] = Steering.load(Path(file).expanduser())
    check_vectors(steerings)
    return steerings


def load_mazes(files: Sequence[Path]) -> dict[str, Maze]:
    """Mazes from text files, by the files' names without their ends.

    Raises:
        OSError: if a file cannot be read.
        ValueError: if a file holds no maze, which it names; or two have one name.
    """
    from steered_env import Maze

    mazes: dict[str, Maze] = {}
    for file in files:
        if file.stem in mazes:
            raise ValueError(f"two mazes are called {file.stem!r}; give each file a name of its own")
        try:
            mazes[file.stem] = Maze.from_text(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise FileNotFoundError(f"there is no maze file {file}") from None
        except ValueError as error:  # also what is no UTF-8
            raise ValueError(f"{file}: {error}") from None
    return mazes


def shown_mazes(level: int | None, files: Sequence[Path] | None, out: Path | None) -> dict[str, Maze]:
    """The mazes that are each shown in a file of their own, by the name of that file.

    Raises:
        OSError: if a file cannot be read.
        ValueError: if both a level and mazes are named, several mazes but one file, or a file holds no maze.
    """
    from steered_env import Maze

    if not files:
        return {f"level-{level or 0}": Maze.from_level(level or 0)}
    if level is not None:
        raise ValueError(f"name either --level or --maze, got level {level} and {files[0]}")
    mazes = load_mazes(files)
    if out is not None and len(mazes) > 1:
        raise ValueError(f"{len(mazes)} mazes do not go into the one file {out}: leave --out out")
    return mazes
