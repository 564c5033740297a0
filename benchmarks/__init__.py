"""Speeds, each a ratio of two things measured in one run, with its limit beside it."""
