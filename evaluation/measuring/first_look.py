"""The mazes of a first look at a policy."""

FIRST_LOOK_LEVELS = (0, 2, 3, 5, 6, 8, 12, 13, 25, 26, 27, 28, 32, 33, 34, 38)
"""The first sixteen levels that have a decision square and a top-right vector, so that each of them counts."""
