"""Measuring: how often a steered mouse reaches the cheese and the top right, in tables, figures and films.

Names are imported when they are first used; ``__init__.pyi`` lists them with their files.
"""

import lazy_loader

import steered_env  # noqa: F401 (keeps the old gym from printing its notice)

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
