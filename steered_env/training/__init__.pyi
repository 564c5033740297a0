from .config import ConfigField, RunConfig, config_fields
from .held_out import HELD_OUT_LEVELS, HeldOut, held_out_mazes, move_accuracy
from .imitation import TrainingConfig, train
from .named_recipes import recipe, recipes
from .older_runs import OLDER_NAMES, settings_of, with_present_names
from .ppo import PPOConfig
from .precision import has_fast_bfloat16
from .run_folder import CONFIG, CURVE, WEIGHTS, Progress, TrainingError

__all__ = [
    "CONFIG",
    "CURVE",
    "HELD_OUT_LEVELS",
    "OLDER_NAMES",
    "WEIGHTS",
    "ConfigField",
    "HeldOut",
    "PPOConfig",
    "Progress",
    "RunConfig",
    "TrainingConfig",
    "TrainingError",
    "config_fields",
    "has_fast_bfloat16",
    "held_out_mazes",
    "move_accuracy",
    "recipe",
    "recipes",
    "settings_of",
    "train",
    "with_present_names",
]
