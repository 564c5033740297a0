from .config import PPOConfig
from .packaged_recipes import recipes
from .training import train_ppo

__all__ = [
    "PPOConfig",
    "recipes",
    "train_ppo",
]
