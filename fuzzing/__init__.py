"""Fuzzing: random edits against a model, and mutated states, checkpoints and conditions against their checks."""

import steered_env  # noqa: F401 (before procgen, so that the old gym prints nothing)
