"""What a run in a folder can be in trouble with."""


class RunError(RuntimeError):
    """A run that cannot start or go on; the message says how it can."""
