"""What each of procgen's 15 actions does to the mouse: the one rule that all others use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from steered_env.simulator import ACTIONS, Cell

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

DIRECTIONS: dict[str, Cell] = {"left": (0, -1), "down": (-1, 0), "up": (1, 0), "right": (0, 1)}
"""The four moves as ``(rows, columns)``."""

ACTIONS_OF: dict[str, tuple[int, ...]] = {"left": (0, 1, 2), "down": (3,), "up": (5,), "right": (6, 7, 8)}
"""The actions that make each move; the rest stay. A diagonal action moves sideways."""

STAYING_ACTIONS = tuple(action for action in range(ACTIONS) if not any(action in a for a in ACTIONS_OF.values()))
"""The actions that leave the mouse as it is."""

MOVE_OF_ACTION: tuple[Cell, ...] = tuple(
    next((DIRECTIONS[name] for name, actions in ACTIONS_OF.items() if action in actions), (0, 0))
    for action in range(ACTIONS)
)
"""``(rows, columns)`` that each action moves the mouse by."""

_MOVES = np.array(MOVE_OF_ACTION)


def after_all(
    walls: NDArray[np.bool_], mice: NDArray[np.int64], facing_right: NDArray[np.bool_], actions: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Move mice, each by an action.

    A move into a wall or out of the world leaves a mouse where it is; a left or right move turns it all the same.

    Args:
        walls: ``(25, 25)`` of one maze that all mice are in, or ``(N, 25, 25)``.
        mice: ``(N, 2)``, the cell of each.
        facing_right: ``(N,)``.
        actions: ``(N,)``, or one that all of them take; 0 to 14.

    Returns:
        Cells ``(N, 2)`` and facings ``(N,)``.
    """
    moves = _MOVES[np.asarray(actions)]
    ahead = np.minimum(np.maximum(mice + moves, 0), walls.shape[-1] - 1)  # at the edge of the world: its own cell
    rows, columns = ahead[:, 0], ahead[:, 1]
    blocked = walls[rows, columns] if walls.ndim == 2 else walls[np.arange(len(mice)), rows, columns]
    sideways = moves[..., 1]
    return np.where(blocked[:, None], mice, ahead), np.where(sideways, sideways > 0, facing_right)


def after(walls: NDArray[np.bool_], mouse: Cell, facing_right: bool, action: int) -> tuple[Cell, bool]:
    """Move one mouse by an action, and return its cell and whether it faces right; see `after_all`."""
    cells, facings = after_all(walls, np.array([mouse]), np.array([facing_right]), action)
    row, column = cells[0].tolist()
    return (row, column), bool(facings[0])


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
