"""What each of procgen's 15 actions does to the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from steered_env.simulator import ACTIONS, Cell

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIRECTIONS: dict[str, Cell] = {"left": (0, -1), "down": (-1, 0), "up": (1, 0), "right": (0, 1)}
"""The four moves as ``(rows, columns)``."""

ACTIONS_OF: dict[str, tuple[int, ...]] = {"left": (0, 1, 2), "down": (3,), "up": (5,), "right": (6, 7, 8)}
"""The actions that make each move; the rest stay. A diagonal action moves sideways."""

MOVE_OF_ACTION: tuple[Cell, ...] = tuple(
    next((DIRECTIONS[name] for name, actions in ACTIONS_OF.items() if action in actions), (0, 0))
    for action in range(ACTIONS)
)
"""``(rows, columns)`` that each action moves the mouse by."""


def after(walls: NDArray[np.bool_], mouse: Cell, facing_right: bool, action: int) -> tuple[Cell, bool]:
    """Where the mouse is after an action, and whether it faces right.

    A move into a wall or out of the world leaves the mouse where it is; a left or right move turns it all the
    same.
    """
    rows, columns = MOVE_OF_ACTION[action]
    if columns:
        facing_right = columns > 0
    row, col = mouse[0] + rows, mouse[1] + columns
    if 0 <= row < walls.shape[0] and 0 <= col < walls.shape[1] and not walls[row, col]:
        return (row, col), facing_right
    return mouse, facing_right


def actions_between(here: Cell, there: Cell) -> tuple[int, ...]:
    """The actions that move the mouse from a cell to the one beside it.

    Raises:
        ValueError: if the cells are not neighbours.
    """
    step = (there[0] - here[0], there[1] - here[1])
    for name, direction in DIRECTIONS.items():
        if direction == step:
            return ACTIONS_OF[name]
    raise ValueError(f"{here} and {there} are not neighbouring cells")
