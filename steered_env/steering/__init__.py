"""Steering: differences of activations, their algebra, other edits of activations, and policies that they steer."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
