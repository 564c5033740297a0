"""Reading activations: named arrays, probes, channels that track a thing, attributions, and pictures of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
