"""Measuring again what was claimed of steered mice, with a verdict for every claim."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
