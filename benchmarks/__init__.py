"""Speeds, each a ratio of two things measured in one run, with its limit beside it."""

import steered_env  # noqa: F401 (before procgen, so that the old gym prints nothing)
