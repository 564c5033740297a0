from .edits import Edit, apply_edits, check_edits
from .maze import Maze, check_maze
from .moves import (
    ACTIONS_OF,
    DIRECTIONS,
    MOVE_OF_ACTION,
    STAYING_ACTIONS,
    actions_between,
    after,
    after_all,
    mouse_of,
    state_of,
    transitions,
)
from .paths import NOWHERE, distances, next_cells, next_cells_in_all, reachable
from .placement import random_cheese_cell, with_random_mouse

__all__ = [
    "ACTIONS_OF",
    "DIRECTIONS",
    "MOVE_OF_ACTION",
    "NOWHERE",
    "STAYING_ACTIONS",
    "Edit",
    "Maze",
    "actions_between",
    "after",
    "after_all",
    "apply_edits",
    "check_edits",
    "check_maze",
    "distances",
    "mouse_of",
    "next_cells",
    "next_cells_in_all",
    "random_cheese_cell",
    "reachable",
    "state_of",
    "transitions",
    "with_random_mouse",
]
