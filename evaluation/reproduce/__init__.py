"""Measuring again what was claimed of steered mice, with a verdict for every claim."""

from .verdict import Check, Outcome, Verdict, verdict_of

__all__ = ["Check", "Outcome", "Verdict", "verdict_of"]
