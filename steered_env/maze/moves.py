"""The one rule of how procgen's 15 actions move the mouse."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from steered_env.simulator import ACTIONS, WORLD_SIZE, Cell

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
_MICE = tuple(
    ((row, column), right) for row in range(WORLD_SIZE) for column in range(WORLD_SIZE) for right in (False, True)
)
_TABLES_KEPT = 128


def after_all(
    walls: NDArray[np.bool_], mice: NDArray[np.int64], facing_right: NDArray[np.bool_], actions: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Move mice of one maze, each by an action.

    A move into a wall or out of the world leaves a mouse where it is; a left or right move turns it all the same.

    Args:
        walls: ``(25, 25)`` bool.
        mice: ``(N, 2)``, the cell of each.
        facing_right: ``(N,)``.
        actions: ``(N,)``, or one that all of them take; 0 to 14.

    Returns:
        Cells ``(N, 2)`` and facings ``(N,)``.
    """
    moves = _MOVES[np.asarray(actions)]
    ahead = np.minimum(np.maximum(mice + moves, 0), walls.shape[-1] - 1)  # at the edge of the world: its own cell
    blocked = walls[ahead[:, 0], ahead[:, 1]]
    sideways = moves[..., 1]
    return np.where(blocked[:, None], mice, ahead), np.where(sideways, sideways > 0, facing_right)


def state_of(mouse: Cell, facing_right: bool) -> int:
    """Number the states of a mouse, cell by cell, facing left before facing right: 0 to 1249."""
    return 2 * (mouse[0] * WORLD_SIZE + mouse[1]) + int(facing_right)


def mouse_of(state: int) -> tuple[Cell, bool]:
    """The cell of a mouse and whether it faces right, for the number that `state_of` gives it."""
    return _MICE[state]


def transitions(walls: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Tabulate `after_all`, for mice that move one at a time: a look-up takes a hundredth of its time.

    Args:
        walls: ``(25, 25)`` bool.

    Returns:
        ``(15, 1250)``, read-only: the state after each action in each state, as `state_of` numbers them.
    """
    return _transitions(walls.tobytes())


@lru_cache(_TABLES_KEPT)
def _transitions(walls: bytes) -> NDArray[np.int16]:
    moved, stayed, cells_ahead = _in_every_state()
    table = np.where(np.frombuffer(walls, np.bool_)[cells_ahead], stayed, moved)
    table.flags.writeable = False
    return table


@lru_cache(1)
def _in_every_state() -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.intp]]:
    """Each action in each state of a world without walls, of one that is all walls, and the cells of the former."""
    mice, facing_right = (np.tile(np.array(column).T, ACTIONS).T for column in zip(*_MICE, strict=True))
    actions = np.arange(ACTIONS).repeat(len(_MICE))
    states = []
    for wall in (False, True):
        reached, turned = after_all(np.full((WORLD_SIZE, WORLD_SIZE), wall), mice, facing_right, actions)
        states.append((2 * (reached @ (WORLD_SIZE, 1)) + turned).astype(np.int16).reshape(ACTIONS, -1))
    moved, stayed = states
    return moved, stayed, (moved >> 1).astype(np.intp)


def after(walls: NDArray[np.bool_], mouse: Cell, facing_right: bool, action: int) -> tuple[Cell, bool]:
    """Move one mouse by an action, and return its cell and whether it faces right; see `after_all`."""
    return mouse_of(transitions(walls).item(action, state_of(mouse, facing_right)))


def actions_between(here: Cell, next_cell: Cell) -> tuple[int, ...]:
    """The actions that move the mouse from a cell to the one beside it.

    Raises:
        ValueError: if the cells are not neighbours.
    """
    step = (next_cell[0] - here[0], next_cell[1] - here[1])
    for name, direction in DIRECTIONS.items():
        if direction == step:
            return ACTIONS_OF[name]
    raise ValueError(f"{here} and {next_cell} are not neighbouring cells")
