"""The environments; importing this registers ``steered_env/Maze-v0`` with Gymnasium."""

import gymnasium

from .edit_maze import EditMaze
from .levels import Levels, MazeSource
from .maze_env import FRAMES_PER_SECOND, Edit, MazeEnv, apply_edits, check_edits

__all__ = [
    "FRAMES_PER_SECOND",
    "Edit",
    "EditMaze",
    "Levels",
    "MazeEnv",
    "MazeSource",
    "apply_edits",
    "check_edits",
]

gymnasium.register(id="steered_env/Maze-v0", entry_point="steered_env.envs:MazeEnv")
