from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats

from evaluation.statistics import (
    MOST_RESAMPLED,
    mean_interval,
    median_interval,
    paired_difference,
    rank_correlation,
    share_interval,
)


def test_interval_of_a_normal_sample_is_students() -> None:
    values = np.random.default_rng(0).normal(3, 2, 200)
    mean, low, high = mean_interval(values)
    half = 1.96 * values.std(ddof=1) / np.sqrt(200)
    assert mean == values.mean()
    assert low == pytest.approx(mean - half, abs=0.1 * half)
    assert high == pytest.approx(mean + half, abs=0.1 * half)


def test_intervals_cover_as_often_as_they_say() -> None:
    """Beta-distributed rates, as maze levels have them: the true mean lies in about 95 % of intervals."""
    generator = np.random.default_rng(1)
    covered = 0
    for sample in generator.beta(0.3, 0.6, size=(200, 60)):
        interval = mean_interval(sample)
        covered += interval.low <= 1 / 3 <= interval.high
    assert 0.90 <= covered / 200 <= 0.99


def test_few_equal_or_missing_values() -> None:
    assert np.isnan(mean_interval([])).all()
    assert mean_interval([0.5])[0] == 0.5
    assert np.isnan(mean_interval([0.5])[1:]).all()
    assert mean_interval([1.0, 1.0, np.nan]) == (1.0, 1.0, 1.0)
    assert mean_interval([0.0] * 50 + [1e-12]).high < 1e-10
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mean_interval([1 - 1e-16, 1.0, 1 - 1e-15, 1.0]).mean == pytest.approx(1)


def test_pairing_removes_what_levels_share() -> None:
    generator = np.random.default_rng(2)
    level = generator.normal(0, 10, 100)
    baseline, steered = level + generator.normal(0, 0.1, 100), level + 1 + generator.normal(0, 0.1, 100)
    mean, low, high = paired_difference(steered, baseline)
    assert mean == pytest.approx(1, abs=0.1)
    assert high - low < 0.1
    steered[3] = np.nan
    assert paired_difference(steered, baseline).mean == pytest.approx(np.nanmean(steered - baseline))


def test_same_numbers_every_time() -> None:
    values = np.random.default_rng(3).random(30)
    assert mean_interval(values) == mean_interval(values)


def test_the_median_and_its_interval() -> None:
    values = np.random.default_rng(2).exponential(size=400)
    middle, low, high = median_interval([*values, np.nan])
    assert middle == np.median(values)
    half = 1.96 / np.sqrt(400)  # of an exponential's median: 1.96 / (2 · density(ln 2) · √n), density ½
    assert low == pytest.approx(middle - half, abs=0.35 * half)
    assert high == pytest.approx(middle + half, abs=0.35 * half)


def test_rank_correlation_is_scipys_and_covers() -> None:
    generator = np.random.default_rng(3)
    covered = 0
    for _ in range(60):
        x = generator.normal(size=50)
        y = x + generator.normal(size=50)
        found = rank_correlation(x, y)
        assert found.mean == pytest.approx(stats.spearmanr(x, y).statistic)
        true = 6 / np.pi * np.arcsin(np.sqrt(0.5) / 2)  # of a normal pair that is correlated by √½
        covered += found.low <= true <= found.high
    assert covered >= 52


def test_correlations_that_are_none_and_that_are_quiet(recwarn: pytest.WarningsRecorder) -> None:
    assert np.isnan(rank_correlation([1, 2, 3], [5, 5, 5])).all()
    assert np.isnan(rank_correlation([1, 2], [5, 6])).all()
    assert np.isnan(rank_correlation([1, 2, 3, 4], [1, 1, 1, np.nan])).all()
    assert rank_correlation([1, 2, 3, 4], [1, 1, 1, 2]).high == pytest.approx(1)
    assert np.isnan(median_interval([]).mean)
    assert not [warning for warning in recwarn if "Degenerate" in warning.category.__name__]


def test_shares_have_wilsons_interval() -> None:
    found = share_interval(1, 45)
    z, n, p = 1.959964, 45, 1 / 45
    centre, spread = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert found == pytest.approx((p, (centre - spread) / (1 + z**2 / n), (centre + spread) / (1 + z**2 / n)), abs=1e-6)
    assert np.isnan(share_interval(0, 0)).all()
    with pytest.raises(ValueError, match="0 to 3, got 4"):
        share_interval(4, 3)


def test_many_values_in_little_time_and_much_the_same_interval() -> None:
    values = np.random.default_rng(0).random(MOST_RESAMPLED + 1) < 0.01
    resampled, normal = mean_interval(values[:-1]), mean_interval(values)
    assert resampled == pytest.approx(normal, abs=2e-4)
    assert mean_interval([0.0] * MOST_RESAMPLED + [1.0]).low == 0
