from .extractor import ImpalaExtractor, copy_into, impala_from, impala_policy_kwargs
from .moves import MovePolicy
from .vec_env import MazeVecEnv

__all__ = [
    "ImpalaExtractor",
    "MazeVecEnv",
    "MovePolicy",
    "copy_into",
    "impala_from",
    "impala_policy_kwargs",
]
