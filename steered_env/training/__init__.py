"""Training of the packaged policies: imitation of shortest paths, and reinforcement (`ppo`, imported apart)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
