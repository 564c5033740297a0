"""All that knows procgen's C++ side: the bytes of a state, and batches of running mazes."""

import lazy_loader

from steered_env.system import naming_new_names

from .notice import silence_gym_notice

_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__getattr__ = naming_new_names(
    __name__, _attribute, {"FRAME_SHAPE": "OBSERVATION_SHAPE", "draw_frames": "draw_observations"}
)

silence_gym_notice()  # before anything imports procgen, and with it the old gym
