from .config import TrainingConfig
from .packaged_recipes import recipe, recipes
from .training import train

__all__ = [
    "TrainingConfig",
    "recipe",
    "recipes",
    "train",
]
