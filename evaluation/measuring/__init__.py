"""Measuring mazes under conditions, by the exact and the sampled method."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
