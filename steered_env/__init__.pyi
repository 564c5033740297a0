from . import simulator
from .envs import EditMaze, MazeEnv, MazeVectorEnv
from .maze import Maze
from .policy import CheckpointError, ImpalaPolicy, as_policy, load_policy, save_policy
from .steering import (
    HookError,
    LayerError,
    SteeredPolicy,
    Steering,
    VectorError,
    cheese_vector,
    cheese_vectors,
    corner_vector,
    find_layer,
    mean_difference,
    principal_components,
    random_vector,
    read_activations,
    top_right_vector,
)

__all__ = [
    "CheckpointError",
    "EditMaze",
    "HookError",
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
    "cheese_vectors",
    "corner_vector",
    "find_layer",
    "load_policy",
    "mean_difference",
    "principal_components",
    "random_vector",
    "read_activations",
    "save_policy",
    "simulator",
    "top_right_vector",
]

__version__: str
