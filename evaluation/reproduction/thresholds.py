"""Sizes of effects in the criteria of claims."""

EFFECT = 0.1
"""The smallest effect of interest, in probability."""

LITTLE = 0.05
"""An effect is little if its whole interval lies within this of 0, in probability."""

CORRELATION = 0.1
"""The smallest rank correlation of interest."""
