"""Intervals for means over levels.

The exact method has no sampling noise within a level, so the uncertainty of a mean is that of having seen
these levels and not others: bootstrap over levels, paired by level between conditions.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_Method = Literal["BCa", "percentile"]

RESAMPLES = 9999
CONFIDENCE = 0.95
MOST_RESAMPLED = 10_000
"""Values; for the mean of more the normal interval is as good, and the bootstrap's time grows with their square."""
_AT_ONCE = 2**22
"""Numbers drawn at a time, so that memory stays flat; the intervals do not depend on it."""


class Interval(NamedTuple):
    """A mean and its 95 % interval; NaN where there are too few levels to say."""

    mean: float
    low: float
    high: float


def mean_interval(values: ArrayLike, *, seed: int = 0) -> Interval:
    """The mean over levels with its bootstrap interval.

    Bias-corrected and accelerated (Efron 1987, as scipy has it). Where that is not defined, because all
    resamples agree, the percentile interval. For more than `MOST_RESAMPLED` values, the normal interval, cut to the
    range of the values.

    Args:
        values: one number per level; NaN is left out.
        seed: of the resampling.

    Returns:
        NaN as mean for no values, NaN as bounds for fewer than two.
    """
    numbers = _there(values)
    if len(numbers) < 2:
        return Interval(float(numbers.mean()) if len(numbers) else np.nan, np.nan, np.nan)
    mean = float(numbers.mean())
    if np.ptp(numbers) == 0:
        return Interval(mean, mean, mean)
    if len(numbers) > MOST_RESAMPLED:
        half = float(stats.norm.ppf((1 + CONFIDENCE) / 2) * numbers.std(ddof=1) / np.sqrt(len(numbers)))
        return Interval(mean, max(mean - half, float(numbers.min())), min(mean + half, float(numbers.max())))
    methods: tuple[_Method, ...] = ("BCa", "percentile")
    for method in methods:
        low, high = (float(bound) for bound in _bootstrap(np.mean, (numbers,), method, seed).confidence_interval)
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


def median_interval(values: ArrayLike, *, seed: int = 0) -> Interval:
    """The median over levels with its percentile bootstrap interval (Efron & Tibshirani 1993, chapter 13).

    Args:
        values: one number per level; NaN is left out.
        seed: of the resampling.

    Returns:
        NaN as median for no values, NaN as bounds for fewer than two.
    """
    numbers = _there(values)
    return _percentile_interval(np.median, (numbers,), seed)


def rank_correlation(first: ArrayLike, second: ArrayLike, *, seed: int = 0) -> Interval:
    """Spearman's rank correlation over levels with its percentile bootstrap interval, levels drawn in pairs.

    Resamples in which either does not vary have no correlation and are left out.

    Args:
        first: one number per level; a level with a NaN in either is left out.
        second: likewise.
        seed: of the resampling.

    Returns:
        NaN where either does not vary, or there are fewer than three levels.
    """
    pairs = np.column_stack([np.asarray(first, np.float64), np.asarray(second, np.float64)])
    x, y = pairs[~np.isnan(pairs).any(axis=1)].T
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Interval(np.nan, np.nan, np.nan)
    return _percentile_interval(_spearman, (stats.rankdata(x), stats.rankdata(y)), seed)


def share_interval(successes: int, count: int) -> Interval:
    """A share of levels with Wilson's interval (Wilson 1927).

    Raises:
        ValueError: if there are more successes than levels, or fewer than none.
    """
    if not 0 <= successes <= count:
        raise ValueError(f"successes must be 0 to {count}, got {successes}")
    if not count:
        return Interval(np.nan, np.nan, np.nan)
    bounds = stats.binomtest(successes, count).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(successes / count, float(bounds.low), float(bounds.high))


def _there(values: ArrayLike) -> NDArray[np.float64]:
    """The values that are numbers."""
    numbers = np.asarray(values, np.float64)
    there: NDArray[np.float64] = numbers[~np.isnan(numbers)]
    return there


def _spearman(first: NDArray[np.float64], second: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """Pearson's correlation of ranks along an axis; ranked again in every resample."""
    ranks = [stats.rankdata(values, axis=axis) for values in (first, second)]
    centred = [rank - rank.mean(axis=axis, keepdims=True) for rank in ranks]
    with np.errstate(invalid="ignore", divide="ignore"):
        products = (centred[0] * centred[1]).sum(axis=axis)
        correlation: NDArray[np.float64] = products / np.sqrt(
            (centred[0] ** 2).sum(axis=axis) * (centred[1] ** 2).sum(axis=axis)
        )
    return correlation


def _percentile_interval(
    statistic: Callable[..., Any], samples: tuple[NDArray[np.float64], ...], seed: int
) -> Interval:
    count = len(samples[0])
    if not count:
        return Interval(np.nan, np.nan, np.nan)
    value = float(statistic(*samples))
    if count < 2:
        return Interval(value, np.nan, np.nan)
    drawn = _bootstrap(statistic, samples, "percentile", seed).bootstrap_distribution
    drawn = drawn[np.isfinite(drawn)]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail]) if len(drawn) else (np.nan, np.nan)
    return Interval(value, float(low), float(high))


def _bootstrap(
    statistic: Callable[..., Any], samples: tuple[NDArray[np.float64], ...], method: _Method, seed: int
) -> Any:
    """Scipy's bootstrap in batches of flat memory; several samples are drawn together.

    Resamples that all agree, or in which nothing varies, are no surprise: nothing is printed of them.
    """
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        return stats.bootstrap(
            samples,
            statistic,
            paired=len(samples) > 1,
            vectorized=True,
            n_resamples=RESAMPLES,
            confidence_level=CONFIDENCE,
            method=method,
            batch=max(min(RESAMPLES, _AT_ONCE // len(samples[0])), 1),
            rng=np.random.default_rng(seed),
        )
