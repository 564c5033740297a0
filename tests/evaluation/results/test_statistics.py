from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.intervals import KINDS, WORLDS
from evaluation.results import statistics
from evaluation.results.interval import Interval
from evaluation.results.statistics import (
    DIFFERENCE,
    MOST_RESAMPLED,
    mean_interval,
    median_interval,
    network_interval,
    paired_difference,
    rank_correlation,
    share_interval,
)


@pytest.fixture
def _fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of hundreds of intervals: their bounds vary a little more, around the same places."""
    monkeypatch.setattr(statistics, "RESAMPLES", 1999)


def test_interval_of_many_values_is_students() -> None:
    values = np.random.default_rng(0).beta(3, 2, 2000)
    mean, low, high = mean_interval(values)
    half = 1.96 * values.std(ddof=1) / np.sqrt(2000)
    assert mean == values.mean()
    assert low == pytest.approx(mean - half, abs=0.05 * half)
    assert high == pytest.approx(mean + half, abs=0.05 * half)


@pytest.mark.parametrize(("successes", "count"), [(0, 52), (1, 52), (37, 52), (52, 52), (9, 10), (2, 2)])
def test_of_zeros_and_ones_it_is_jeffreys_interval(successes: int, count: int) -> None:
    mean, low, high = mean_interval([1.0] * successes + [0.0] * (count - successes))
    bounds = stats.beta(successes + 0.5, count - successes + 0.5).ppf([0.025, 0.975])
    assert mean == successes / count
    assert low == pytest.approx(0 if successes == 0 else bounds[0], abs=0.01)
    assert high == pytest.approx(1 if successes == count else bounds[1], abs=0.01)


@pytest.mark.usefixtures("_fewer_resamples")
@pytest.mark.parametrize("kind", KINDS)
def test_intervals_cover_as_often_as_they_say(kind: str) -> None:
    """The true mean lies in at least about 95 % of intervals, whatever the values are like."""
    draw, true, within = KINDS[kind]
    generator = np.random.default_rng(1)
    intervals = [mean_interval(draw(generator), within=within) for _ in range(300)]
    assert np.mean([low <= true <= high for _, low, high in intervals]) >= 0.92


def test_intervals_over_networks_cover_as_often_as_they_say() -> None:
    """Ten networks, each in mazes of its own, most of them all or nothing."""
    world, generator = WORLDS["the same, networks apart"], np.random.default_rng(1)
    true, held = world.mean(), []
    for _ in range(300):
        rates = world.draw(generator, own_mazes=True)
        halves = 1.96 * rates.std(axis=1) / np.sqrt(rates.shape[1])
        own = [Interval(m, m - half, m + half) for m, half in zip(rates.mean(axis=1), halves, strict=True)]
        _, low, high = network_interval(own)
        held.append(low <= true <= high)
    assert 0.91 <= np.mean(held) <= 0.99


def test_networks_that_agree_leave_the_uncertainty_of_mazes() -> None:
    mean, low, high = network_interval([Interval(0.0, -0.1, 0.1)] * 10)
    assert mean == 0
    assert high == -low == pytest.approx(stats.t.ppf(0.975, 9) * 0.1 / 1.96 / 10, rel=1e-3)
    assert network_interval([Interval(0.5, 0.4, 0.6), Interval(0.7, np.nan, np.nan)]).mean == 0.6
    assert np.isnan(network_interval([Interval(0.5, 0.4, 0.6)])[1:]).all()


def test_few_equal_or_missing_values() -> None:
    assert np.isnan(mean_interval([])).all()
    assert mean_interval([0.5])[0] == 0.5
    assert np.isnan(mean_interval([0.5])[1:]).all()
    assert mean_interval([1.0, 1.0, np.nan]) == mean_interval([1.0, 1.0])
    mean, low, high = mean_interval([0.0] * 52, within=DIFFERENCE)
    assert mean == 0
    assert -0.06 < low < -0.03
    assert 0.03 < high < 0.06


def test_what_is_remembered_is_of_the_same_question() -> None:
    values = np.random.default_rng(0).random(20)
    first = mean_interval(values)
    assert mean_interval(values, within=DIFFERENCE).low < first.low
    assert mean_interval(values[::-1]) != first  # the weights are drawn in the order of the values
    assert mean_interval(values.tolist()) == first


def test_values_that_cannot_be() -> None:
    with pytest.raises(
        ValueError, match=r"from -0\.5 to 1 do not lie within 0 to 1: say what is possible with within="
    ):
        mean_interval([1.0, -0.5])
    assert mean_interval([1 + 1e-12, 1.0]).mean == pytest.approx(1)


def test_pairing_removes_what_levels_share() -> None:
    generator = np.random.default_rng(2)
    level = generator.uniform(0, 0.8, 100)
    baseline, steered = level + generator.uniform(0, 0.01, 100), level + 0.1 + generator.uniform(0, 0.01, 100)
    mean, low, high = paired_difference(steered, baseline)
    assert mean == pytest.approx(0.1, abs=0.01)
    assert high - low < 0.06 < mean_interval(steered).high - mean_interval(steered).low
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


@pytest.mark.usefixtures("_fewer_resamples")
def test_rank_correlation_is_scipys_and_covers() -> None:
    generator = np.random.default_rng(3)
    covered = 0
    for _ in range(20):
        x = generator.normal(size=50)
        y = x + generator.normal(size=50)
        correlation = rank_correlation(x, y)
        assert correlation.mean == pytest.approx(stats.spearmanr(x, y).statistic)
        true = 6 / np.pi * np.arcsin(np.sqrt(0.5) / 2)  # of a normal pair that is correlated by √½
        covered += correlation.low <= true <= correlation.high
    assert covered >= 17


def test_correlations_that_are_none_and_that_are_quiet(recwarn: pytest.WarningsRecorder) -> None:
    assert np.isnan(rank_correlation([1, 2, 3], [5, 5, 5])).all()
    assert np.isnan(rank_correlation([1, 2], [5, 6])).all()
    assert np.isnan(rank_correlation([1, 2, 3, 4], [1, 1, 1, np.nan])).all()
    assert rank_correlation([1, 2, 3, 4], [1, 1, 1, 2]).high == pytest.approx(1)
    assert np.isnan(median_interval([]).mean)
    assert not [warning for warning in recwarn if "Degenerate" in warning.category.__name__]


def test_shares_have_wilsons_interval() -> None:
    share = share_interval(1, 45)
    z, n, p = 1.959964, 45, 1 / 45
    centre, spread = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert share == pytest.approx((p, (centre - spread) / (1 + z**2 / n), (centre + spread) / (1 + z**2 / n)), abs=1e-6)
    assert np.isnan(share_interval(0, 0)).all()
    with pytest.raises(ValueError, match="0 to 3, got 4"):
        share_interval(4, 3)


def test_many_values_in_little_time_and_much_the_same_interval() -> None:
    values = np.random.default_rng(0).random(MOST_RESAMPLED + 1) < 0.01
    resampled, normal = mean_interval(values[:-1]), mean_interval(values)
    assert resampled == pytest.approx(normal, abs=2e-4)
    rare = mean_interval([0.0] * MOST_RESAMPLED + [1.0])
    assert 0 <= rare.low <= rare.mean < rare.high < 1e-3
