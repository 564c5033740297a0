from .config import TrainingConfig
from .packaged_recipes import recipes
from .training import train

__all__ = [
    "TrainingConfig",
    "recipes",
    "train",
]
