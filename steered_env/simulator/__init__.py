"""All that knows procgen's C++ side: the bytes of a state, and batches of running mazes."""

import lazy_loader

from .notice import silence_gym_notice

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

silence_gym_notice()  # before anything imports procgen, and with it the old gym
