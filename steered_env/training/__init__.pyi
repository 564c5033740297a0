from .config import TrainingConfig
from .held_out import HELD_OUT_LEVELS, HeldOut, move_accuracy
from .imitation import train
from .ppo_config import PPOConfig
from .run_folder import Progress, TrainingError

__all__ = [
    "HELD_OUT_LEVELS",
    "HeldOut",
    "PPOConfig",
    "Progress",
    "TrainingConfig",
    "TrainingError",
    "move_accuracy",
    "train",
]
