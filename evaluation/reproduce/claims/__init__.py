"""The claims, one module each; each has a ``CLAIM``."""
