"""Intervals for means over levels.

The exact method has no sampling noise within a level, so the uncertainty of a mean is that of having seen
these levels and not others: levels are weighted at random, paired between conditions. Rates are bounded and often all
but 0 or 1, and a rare maze may not have been seen at all, which resampling what was seen cannot know: an observation at
the ends of what is possible stands for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy  # whose stats take a second to be imported: when first used, which most commands never do

from .interval import Interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

RATE = (0.0, 1.0)
"""Between what a rate, a probability or a total variation distance lies."""
DIFFERENCE = (-1.0, 1.0)
"""Between what the difference of two rates lies."""

RESAMPLES = 9999
CONFIDENCE = 0.95
MOST_RESAMPLED = 10_000
"""Values; for the mean of more the normal interval is as good."""
_TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
_REMEMBERED = 512
"""Intervals: a table, its figure and its files ask for the same ones, and those of many levels take a while."""
_AT_EACH_END = 0.5
"""Observations added at each end; for values that are 0 or 1 this is Jeffreys' prior."""
_TOLERANCE = 1e-6
_AT_ONCE = 2**22
"""Numbers drawn at a time, so that memory stays flat; the intervals do not depend on it."""


def mean_interval(values: ArrayLike, *, within: tuple[float, float] = RATE) -> Interval:
    """The mean over levels with its interval.

    The Bayesian bootstrap (Rubin 1981) with half an observation at either end of what is possible: the mean under
    weights drawn from a Dirichlet distribution, 1 for each value and ½ for each end; between its 2.5 % and 97.5 %
    quantiles, and never without the mean itself. For values that are 0 or 1 it is Jeffreys' interval (Brown, Cai and
    DasGupta 2001), for many in between the usual bootstrap; and where all values agree it still has a width, as a
    bootstrap has not. For more than `MOST_RESAMPLED` values the normal distribution of the same mean and variance.

    Example:
        >>> mean, low, high = mean_interval([1.0] * 52)
        >>> round(low, 2), high
        (0.95, 1.0)

    Args:
        values: One number per level; NaN is left out.
        within: The lowest and the highest value possible.

    Returns:
        NaN as mean for no values, NaN as bounds for fewer than two.

    Raises:
        ValueError: if a value lies outside ``within``.
    """
    numbers = _without_nan(values)
    if len(numbers) and not (within[0] - _TOLERANCE <= numbers.min() and numbers.max() <= within[1] + _TOLERANCE):
        raise ValueError(
            f"values from {numbers.min():g} to {numbers.max():g} do not lie within {within[0]:g} to {within[1]:g}: "
            "say what is possible with within="
        )
    if len(numbers) < 2:
        return Interval(float(numbers.mean()) if len(numbers) else np.nan, np.nan, np.nan)
    mean = float(numbers.mean())
    if len(numbers) > MOST_RESAMPLED:
        low, high = _normal(numbers, within).ppf(_TAILS).clip(*within)
    else:
        low, high = _weighted_bounds(numbers.tobytes(), (within[0], within[1]))
    return Interval(mean, min(float(low), mean), max(float(high), mean))


def paired_difference(values: ArrayLike, baseline: ArrayLike) -> Interval:
    """The mean over levels of ``values - baseline``, both rates, with its interval (see `mean_interval`).

    Args:
        values: One number per level, 0 to 1.
        baseline: Numbers of the same levels in the same order; a level with a NaN in either is left out.
    """
    differences = np.asarray(values, np.float64) - np.asarray(baseline, np.float64)
    return mean_interval(differences, within=DIFFERENCE)


def median_interval(values: ArrayLike) -> Interval:
    """The median over levels with its percentile bootstrap interval (Efron & Tibshirani 1993, chapter 13).

    Args:
        values: One number per level; NaN is left out.

    Returns:
        NaN as median for no values, NaN as bounds for fewer than two.
    """
    numbers = _without_nan(values)
    return _percentile_interval(np.median, numbers)


def rank_correlation(first: ArrayLike, second: ArrayLike) -> Interval:
    """Spearman's rank correlation over levels with its percentile bootstrap interval, levels drawn in pairs.

    Resamples in which either does not vary have no correlation and are left out.

    Args:
        first: One number per level; a level with a NaN in either is left out.
        second: Another number per level, in the same order.

    Returns:
        NaN where either does not vary, or there are fewer than three levels.
    """
    pairs = np.column_stack([np.asarray(first, np.float64), np.asarray(second, np.float64)])
    x, y = pairs[~np.isnan(pairs).any(axis=1)].T
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Interval(np.nan, np.nan, np.nan)
    return _percentile_interval(_spearman, scipy.stats.rankdata(x), scipy.stats.rankdata(y))


def network_interval(intervals: Sequence[Interval]) -> Interval:
    """The mean over networks with its interval, from each network's own mean and interval over mazes of its own.

    Student's t of the networks' means. Since each network was measured in other mazes, their spread is that of both the
    luck of training and that of mazes. Where nearly all agree, as when all say 0, the interval is never narrower than
    that of all their mazes together.

    Example:
        >>> f"{network_interval([Interval(0.4, 0.3, 0.5), Interval(0.5, 0.4, 0.6), Interval(0.6, 0.5, 0.7)])}"
        '0.50 [0.25, 0.75]'

    Args:
        intervals: One for each network.

    Returns:
        NaN as mean for no network, NaN as bounds for fewer than two.
    """
    means = _without_nan([interval.mean for interval in intervals])
    if len(means) < 2:
        return Interval(float(means.mean()) if len(means) else np.nan, np.nan, np.nan)
    half_widths = _without_nan([(interval.high - interval.low) / 2 for interval in intervals])
    of_mazes = float(np.mean((half_widths / scipy.stats.norm.ppf(_TAILS[1])) ** 2)) if len(half_widths) else 0.0
    error = np.sqrt(max(float(means.var(ddof=1)), of_mazes / len(means)) / len(means))
    mean, half = float(means.mean()), float(scipy.stats.t.ppf(_TAILS[1], len(means) - 1) * error)
    return Interval(mean, mean - half, mean + half)


def share_interval(successes: int, count: int) -> Interval:
    """A share of levels with Wilson's interval (Wilson 1927).

    Raises:
        ValueError: if there are more successes than levels, or fewer than none.
    """
    if not 0 <= successes <= count:
        raise ValueError(f"successes must be 0 to {count}, got {successes}")
    if not count:
        return Interval(np.nan, np.nan, np.nan)
    bounds = scipy.stats.binomtest(successes, count).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(successes / count, float(bounds.low), float(bounds.high))


@lru_cache(maxsize=_REMEMBERED)
def _weighted_bounds(numbers: bytes, within: tuple[float, float]) -> tuple[float, float]:
    """The quantiles of `_weighted_means` of 64-bit numbers, remembered by their value."""
    means = _weighted_means(np.frombuffer(numbers, np.float64), within, np.random.default_rng(0))
    low, high = np.quantile(means, _TAILS)
    return float(low), float(high)


def _weighted_means(
    numbers: NDArray[np.float64], within: tuple[float, float], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Means under Dirichlet weights of the values and the ends; a Dirichlet's weights are gammas over their sum."""
    at_once = max(_AT_ONCE // len(numbers), 1)
    means = []
    for start in range(0, RESAMPLES, at_once):
        rows = min(at_once, RESAMPLES - start)
        weights = generator.standard_exponential((rows, len(numbers)))
        ends = generator.standard_gamma(_AT_EACH_END, (rows, 2))
        means.append((weights @ numbers + ends @ np.array(within)) / (weights.sum(axis=1) + ends.sum(axis=1)))
    return np.concatenate(means)


def _normal(numbers: NDArray[np.float64], within: tuple[float, float]) -> Any:
    """The normal distribution with the mean and the variance of `_weighted_means`."""
    total = len(numbers) + 2 * _AT_EACH_END
    mean = (numbers.sum() + _AT_EACH_END * sum(within)) / total
    ends = sum((end - mean) ** 2 for end in within)
    variance = (((numbers - mean) ** 2).sum() + _AT_EACH_END * ends) / (total * (total + 1))
    return scipy.stats.norm(mean, np.sqrt(variance))


def _without_nan(values: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(values, np.float64)
    return numbers[~np.isnan(numbers)]


def _spearman(first: NDArray[np.float64], second: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    """Pearson's correlation of ranks along an axis; ranked again in every resample."""
    ranks = [scipy.stats.rankdata(values, axis=axis) for values in (first, second)]
    centred = [rank - rank.mean(axis=axis, keepdims=True) for rank in ranks]
    with np.errstate(invalid="ignore", divide="ignore"):
        products = (centred[0] * centred[1]).sum(axis=axis)
        correlation: NDArray[np.float64] = products / np.sqrt(
            (centred[0] ** 2).sum(axis=axis) * (centred[1] ** 2).sum(axis=axis)
        )
    return correlation


def _percentile_interval(statistic: Callable[..., Any], *samples: NDArray[np.float64]) -> Interval:
    """Percentile interval of scipy's bootstrap, in batches of flat memory; several samples are drawn together.

    Resamples that all agree, or in which nothing varies, are no surprise: nothing is printed of them.
    """
    count = len(samples[0])
    if not count:
        return Interval(np.nan, np.nan, np.nan)
    value = float(statistic(*samples))
    if count < 2:
        return Interval(value, np.nan, np.nan)
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore", scipy.stats.DegenerateDataWarning)
        bootstrap = scipy.stats.bootstrap(
            samples,
            statistic,
            paired=len(samples) > 1,
            vectorized=True,
            n_resamples=RESAMPLES,
            confidence_level=CONFIDENCE,
            method="percentile",
            batch=max(min(RESAMPLES, _AT_ONCE // count), 1),
            rng=np.random.default_rng(0),
        )
    drawn = bootstrap.bootstrap_distribution[np.isfinite(bootstrap.bootstrap_distribution)]
    low, high = np.quantile(drawn, _TAILS) if len(drawn) else (np.nan, np.nan)
    return Interval(value, float(low), float(high))
