from .maze import Maze, check_maze
from .moves import ACTIONS_OF, DIRECTIONS, MOVE_OF_ACTION, actions_between, after
from .paths import NOWHERE, distances, next_cells, next_cells_in_all, reachable
from .placement import random_cheese_cell, with_random_mouse

__all__ = [
    "ACTIONS_OF",
    "DIRECTIONS",
    "MOVE_OF_ACTION",
    "NOWHERE",
    "Maze",
    "actions_between",
    "after",
    "check_maze",
    "distances",
    "next_cells",
    "next_cells_in_all",
    "random_cheese_cell",
    "reachable",
    "with_random_mouse",
]
