"""The page on which one draws a maze and steers a mouse live: what it answers with, its server, its widget, bundles."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
