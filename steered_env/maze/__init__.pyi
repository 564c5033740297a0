from .maze import Maze, check_maze
from .moves import ACTIONS_OF, DIRECTIONS, MOVE_OF_ACTION, actions_between, after

__all__ = [
    "ACTIONS_OF",
    "DIRECTIONS",
    "MOVE_OF_ACTION",
    "Maze",
    "actions_between",
    "after",
    "check_maze",
]
