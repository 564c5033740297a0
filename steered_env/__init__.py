"""Mazes that can be edited, policies that can be steered.

The environment, maze editing and steered policies of `steered_env`; how often a steered mouse reaches the cheese and
the top right is measured by the package `evaluation`, installed beside it.
"""

from . import simulator  # first: it keeps the old gym from printing its notice
from .envs import EditMaze, MazeEnv, MazeVectorEnv
from .maze import Maze
from .policy import CheckpointError, ImpalaPolicy, load_policy, save_policy
from .steering import (
    LayerError,
    SteeredPolicy,
    Steering,
    VectorError,
    cheese_vector,
    random_vector,
    top_right_vector,
)

__all__ = [
    "CheckpointError",
    "EditMaze",
    "ImpalaPolicy",
    "LayerError",
    "Maze",
    "MazeEnv",
    "MazeVectorEnv",
    "SteeredPolicy",
    "Steering",
    "VectorError",
    "cheese_vector",
    "load_policy",
    "random_vector",
    "save_policy",
    "simulator",
    "top_right_vector",
]

__version__ = "0.1.0"
