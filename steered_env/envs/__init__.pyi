from .edit_maze import EditMaze
from .episodes import maze_numbers
from .levels import Levels, MazeSource
from .maze_env import MazeEnv
from .rules import CHEESE_REWARD, FRAMES_PER_SECOND
from .running import RunningMazes
from .vector_env import MazeVectorEnv

__all__ = [
    "CHEESE_REWARD",
    "FRAMES_PER_SECOND",
    "EditMaze",
    "Levels",
    "MazeEnv",
    "MazeSource",
    "MazeVectorEnv",
    "RunningMazes",
    "maze_numbers",
]
