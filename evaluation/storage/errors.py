"""Errors raised by runs."""


class RunError(RuntimeError):
    """A run that cannot start or go on; the message says how it can."""
