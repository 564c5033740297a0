"""All that knows procgen's C++ side: the bytes of a state, and batches of running mazes."""

from .notice import silence_gym_notice

silence_gym_notice()  # before anything imports procgen, and with it the old gym

from .batch import (  # noqa: E402
    ACTIONS,
    FRAME_SHAPE,
    PICTURE_SHAPE,
    MazeBatch,
    draw_frames,
    draw_picture,
    load_levels,
)
from .state import (  # noqa: E402
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
    "whole_number",
]
