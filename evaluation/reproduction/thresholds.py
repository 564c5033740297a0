"""The sizes of effects that the rules of the claims speak of, in probability unless said."""

EFFECT = 0.1
"""The smallest effect of interest."""

LITTLE = 0.05
"""An effect that lies within this of 0, with its whole interval, is little."""

CORRELATION = 0.1
"""The smallest rank correlation of interest."""
