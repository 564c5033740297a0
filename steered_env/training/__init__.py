"""How the packaged policies were made: imitation of shortest paths."""

from .config import TrainingConfig
from .held_out import HELD_OUT_LEVELS, HeldOut, move_accuracy
from .imitation import Progress, TrainingError, train

__all__ = [
    "HELD_OUT_LEVELS",
    "HeldOut",
    "Progress",
    "TrainingConfig",
    "TrainingError",
    "move_accuracy",
    "train",
]
