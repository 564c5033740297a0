from .batch import ACTIONS, FRAME_SHAPE, PICTURE_SHAPE, MazeBatch, draw_frames, draw_picture, load_levels
from .notice import silence_gym_notice
from .state import (
    MAX_LEVEL,
    MIN_MAZE_SIZE,
    WORLD_SIZE,
    Cell,
    MazeState,
    StateError,
    check_cell,
    check_level,
    check_size,
    whole_number,
)

__all__ = [
    "ACTIONS",
    "FRAME_SHAPE",
    "MAX_LEVEL",
    "MIN_MAZE_SIZE",
    "PICTURE_SHAPE",
    "WORLD_SIZE",
    "Cell",
    "MazeBatch",
    "MazeState",
    "StateError",
    "check_cell",
    "check_level",
    "check_size",
    "draw_frames",
    "draw_picture",
    "load_levels",
    "silence_gym_notice",
    "whole_number",
]
