"""Mazes that can be edited, policies that can be steered.

The environment, maze editing and steered policies of `steered_env`; how often a steered mouse reaches the cheese and
the top right is measured by the package `evaluation`, installed beside it.

Names are imported when they are first used; ``__init__.pyi`` lists them with their files.
"""

import lazy_loader

from . import (
    envs,  # noqa: F401 (registers the environments)
    simulator,  # noqa: F401 (keeps the old gym from printing its notice)
)
from .system import forked_process  # noqa: F401 (lets a forked process compute)
from .system.moved_modules import name_new_places

name_new_places()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

__version__ = "0.2.0"
