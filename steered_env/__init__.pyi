from . import simulator
from .envs import EditMaze, MazeEnv, MazeVectorEnv
from .maze import Maze
from .policy import CheckpointError, ImpalaPolicy, as_policy, load_policy, save_policy
from .steering import LayerError, SteeredPolicy, Steering, VectorError, cheese_vector, random_vector, top_right_vector

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
    "as_policy",
    "cheese_vector",
    "load_policy",
    "random_vector",
    "save_policy",
    "simulator",
    "top_right_vector",
]

__version__: str
