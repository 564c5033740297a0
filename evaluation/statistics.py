"""Intervals for means over levels.

The exact method has no sampling noise within a level, so the uncertainty of a mean is that of having seen
these levels and not others: bootstrap over levels, paired by level between conditions.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

RESAMPLES = 9999
CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean and its 95 % interval; NaN where there are too few levels to say."""

    mean: float
    low: float
    high: float


def mean_interval(values: ArrayLike, *, seed: int = 0) -> Interval:
    """The mean over levels with its bootstrap interval.

    Bias-corrected and accelerated (Efron 1987, as scipy has it). Where that is not defined, because all
    resamples agree, the percentile interval.

    Args:
        values: one number per level; NaN is left out.
        seed: of the resampling.

    Returns:
        NaN as mean for no values, NaN as bounds for fewer than two.
    """
    numbers = np.asarray(values, np.float64)
    numbers = numbers[~np.isnan(numbers)]
    if len(numbers) < 2:
        return Interval(float(numbers.mean()) if len(numbers) else np.nan, np.nan, np.nan)
    mean = float(numbers.mean())
    if np.ptp(numbers) == 0:
        return Interval(mean, mean, mean)
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
            warnings.simplefilter("ignore", stats.DegenerateDataWarning)
            result = stats.bootstrap(
                (numbers,),
                np.mean,
                n_resamples=RESAMPLES,
                confidence_level=CONFIDENCE,
                method=method,
                rng=np.random.default_rng(seed),
            )
        low, high = (float(bound) for bound in result.confidence_interval)
        if np.isfinite([low, high]).all():
            break
    return Interval(mean, low, high)


def paired_difference(values: ArrayLike, baseline: ArrayLike, *, seed: int = 0) -> Interval:
    """The mean over levels of ``values - baseline`` with its bootstrap interval.

    Args:
        values: one number per level.
        baseline: of the same levels in the same order; a level with a NaN in either is left out.
        seed: of the resampling.
    """
    return mean_interval(np.asarray(values, np.float64) - np.asarray(baseline, np.float64), seed=seed)
