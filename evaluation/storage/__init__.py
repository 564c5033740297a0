"""A run on disk: manifest, chunk files, lock, and fingerprints. Knows no policy."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
