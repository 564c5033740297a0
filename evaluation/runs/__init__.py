"""Runs: evaluations that live in a folder, survive whatever happens to them, and may use many machines."""
