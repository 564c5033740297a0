from .edit_maze import EditMaze
from .edits import Edit, apply_edits, check_edits
from .levels import Levels, MazeSource
from .maze_env import MazeEnv
from .rules import CHEESE_REWARD, FRAMES_PER_SECOND
from .running import RunningMazes
from .vector_env import MazeVectorEnv

__all__ = [
    "CHEESE_REWARD",
    "FRAMES_PER_SECOND",
    "Edit",
    "EditMaze",
    "Levels",
    "MazeEnv",
    "MazeSource",
    "MazeVectorEnv",
    "RunningMazes",
    "apply_edits",
    "check_edits",
]
