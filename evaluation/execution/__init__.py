"""The engine of an evaluation: chunks of mazes, measured by threads or a Ray cluster, kept in memory or a folder."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
