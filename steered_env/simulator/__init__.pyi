from .batch import (
    ACTIONS,
    OBSERVATION_SHAPE,
    RENDERING_SHAPE,
    MazeBatch,
    draw_observations,
    draw_rendering,
    load_levels,
)
from .images import load_maze_images_alone
from .limits import (
    MAX_LEVEL,
    MAX_MAZES,
    MAX_THREADS,
    MIN_MAZE_SIZE,
    WORLD_SIZE,
    Cell,
    check_cell,
    check_cheese_region,
    check_level,
    check_levels,
    check_size,
    check_sizes,
    listed,
    whole_number,
)
from .notice import silence_gym_notice
from .sprites import SPRITES, sprite
from .state import MazeState, StateError

__all__ = [
    "ACTIONS",
    "MAX_LEVEL",
    "MAX_MAZES",
    "MAX_THREADS",
    "MIN_MAZE_SIZE",
    "OBSERVATION_SHAPE",
    "RENDERING_SHAPE",
    "SPRITES",
    "WORLD_SIZE",
    "Cell",
    "MazeBatch",
    "MazeState",
    "StateError",
    "check_cell",
    "check_cheese_region",
    "check_level",
    "check_levels",
    "check_size",
    "check_sizes",
    "draw_observations",
    "draw_rendering",
    "listed",
    "load_levels",
    "load_maze_images_alone",
    "silence_gym_notice",
    "sprite",
    "whole_number",
]
