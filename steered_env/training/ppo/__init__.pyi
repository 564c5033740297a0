from .config import PPOConfig
from .named_recipes import recipes
from .training import train_ppo

__all__ = [
    "PPOConfig",
    "recipes",
    "train_ppo",
]
