"""Measuring while Stable-Baselines3 trains: exact reach rates, steered and not, in its log."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
