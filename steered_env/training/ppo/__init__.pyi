from .config import PPOConfig
from .training import train_ppo

__all__ = [
    "PPOConfig",
    "train_ppo",
]
