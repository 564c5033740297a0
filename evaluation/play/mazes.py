"""The mazes of a page's messages."""

from __future__ import annotations

import warnings
from functools import lru_cache

from steered_env import Maze

FIRST_LEVEL = 27
"""What is shown before anybody chooses: the mouse goes for the cheese, and either vector turns it away."""


@lru_cache(maxsize=256)
def read_maze(text: str) -> Maze:
    """Read a maze from text, without a word about a cheese that the mouse cannot get to: the page shows that.

    Raises:
        ValueError: if it is no maze.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return Maze.from_text(text)
