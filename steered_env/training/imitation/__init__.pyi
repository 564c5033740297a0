from .config import TrainingConfig
from .named_recipes import recipes
from .training import train

__all__ = [
    "TrainingConfig",
    "recipes",
    "train",
]
