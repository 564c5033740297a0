"""How often intervals of a mean hold the true one, and how wide they are.

Over mazes, ours against the ordinary bootstrap; over ten networks, each in mazes of its own or all in the same ones.

python -m benchmarks.intervals
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special, stats

from evaluation.results.interval import Interval
from evaluation.results.markdown import markdown_table
from evaluation.results.statistics import DIFFERENCE, RATE, mean_interval, network_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAMPLES = 2000
_RESAMPLES = 999
KINDS: dict[str, tuple[Callable[[np.random.Generator], NDArray[np.float64]], float, tuple[float, float]]] = {
    "52, 1 in 97 %, else 0": (lambda g: np.where(g.random(52) < 0.97, 1.0, 0.0), 0.97, RATE),
    "52, 1 in 70 %, else 0": (lambda g: np.where(g.random(52) < 0.7, 1.0, 0.0), 0.7, RATE),
    "10, 1 in 90 %, else 0": (lambda g: np.where(g.random(10) < 0.9, 1.0, 0.0), 0.9, RATE),
    "60 from Beta(0.3, 0.6)": (lambda g: g.beta(0.3, 0.6, 60), 1 / 3, RATE),
    "52 differences, 94 % none, else −1 to 0": (
        lambda g: np.where(g.random(52) < 0.06, -1.0, 0.0) * g.random(52),
        -0.03,
        DIFFERENCE,
    ),
    "52 differences, 30 % none, else −Beta(4, 1)": (
        lambda g: np.where(g.random(52) < 0.7, -1.0, 0.0) * g.beta(4, 1, 52),
        -0.56,
        DIFFERENCE,
    ),
}
"""How values are drawn, their true mean, and between what they lie."""

_NETWORKS, _NETWORK_SAMPLES = 10, 1000


@dataclass(frozen=True)
class _World:
    """Networks and mazes whose rates are logistic in a level, the network's luck, the maze's, and that of both.

    Attributes:
        level: Mean of the logits.
        networks: Standard deviation of networks.
        mazes: Standard deviation of mazes.
        both: Standard deviation of what a network does in one maze alone.
        count: Mazes of each network.
    """

    level: float
    networks: float
    mazes: float
    both: float
    count: int

    def draw(self, generator: np.random.Generator, *, own_mazes: bool) -> NDArray[np.float64]:
        """Draw ``(networks, mazes)`` rates."""
        networks = generator.normal(0, self.networks, (_NETWORKS, 1))
        mazes = generator.normal(0, self.mazes, (_NETWORKS if own_mazes else 1, self.count))
        rest = generator.normal(0, self.both, (_NETWORKS, self.count))
        rates: NDArray[np.float64] = special.expit(self.level + networks + mazes + rest)
        return rates

    def mean(self) -> float:
        """The mean rate of all networks in all mazes."""
        spread = np.sqrt(self.networks**2 + self.mazes**2 + self.both**2)
        return float(special.expit(np.random.default_rng(1).normal(self.level, spread, 2_000_000)).mean())


@dataclass(frozen=True)
class _Rare:
    """Differences that are 0 in most mazes, the same ones for all networks.

    Attributes:
        share: Share of mazes where they are drawn from −1 to 0.
        count: Mazes of each network.
    """

    share: float
    count: int

    def draw(self, generator: np.random.Generator, *, own_mazes: bool) -> NDArray[np.float64]:
        """Draw ``(networks, mazes)`` differences."""
        size = (_NETWORKS, self.count)
        differs = generator.random(size if own_mazes else (1, self.count)) < self.share
        return np.where(differs, -generator.random(size), 0.0)

    def mean(self) -> float:
        """The mean of all."""
        return -self.share / 2


WORLDS: dict[str, _World | _Rare] = {
    "12 mazes, most all or nothing": _World(0.5, 0.5, 4, 1, 12),
    "the same, networks alike": _World(0.5, 0, 4, 1, 12),
    "the same, networks apart": _World(0.5, 1.5, 4, 1, 12),
    "the same, a rate near 0.9": _World(6, 0.5, 4, 1, 12),
    "12 mazes, most in between": _World(0, 0.5, 1, 0.5, 12),
    "60 mazes, networks apart": _World(0.5, 1.5, 4, 1, 60),
    "12 mazes, differences, none in 70 %": _Rare(0.3, 12),
    "12 mazes, differences, none in 94 %": _Rare(0.06, 12),
}


def coverage_over_networks() -> pd.DataFrame:
    """One row for each kind of networks: how often each interval holds the mean of all, and its mean width."""
    ways: dict[str, tuple[bool, Callable[[NDArray[np.float64], np.random.Generator], tuple[float, float]]]] = {
        "same mazes, t": (False, lambda rates, _: _t(rates)),
        "same mazes, both resampled": (False, _two_way),
        "own mazes, t (here)": (True, lambda rates, _: network_interval([_over_mazes(row) for row in rates])[1:]),
    }
    rows = []
    for kind, world in WORLDS.items():
        row, true, generator = {"networks": kind, "mean": f"{world.mean():.2f}"}, world.mean(), np.random.default_rng(0)
        for name, (own_mazes, bounds) in ways.items():
            low, high = np.array(
                [bounds(world.draw(generator, own_mazes=own_mazes), generator) for _ in range(_NETWORK_SAMPLES)]
            ).T
            row[f"{name}: holds it"] = f"{np.mean((low <= true) & (true <= high)):.1%}"
            row["width" + " " * len(row)] = f"{np.mean(high - low):.3f}"
        rows.append(row)
    return pd.DataFrame(rows)


def _over_mazes(rates: NDArray[np.float64]) -> Interval:
    half = 1.96 * rates.std(ddof=1) / np.sqrt(len(rates))
    return Interval(float(rates.mean()), float(rates.mean() - half), float(rates.mean() + half))


def _t(rates: NDArray[np.float64]) -> tuple[float, float]:
    means = rates.mean(axis=1)
    half = stats.t.ppf(0.975, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
    return float(means.mean() - half), float(means.mean() + half)


def _two_way(rates: NDArray[np.float64], generator: np.random.Generator) -> tuple[float, float]:
    """Quantiles of means under independent resampling of networks and of mazes."""
    weights = [generator.multinomial(count, [1 / count] * count, _RESAMPLES) / count for count in rates.shape]
    low, high = np.quantile(np.einsum("ri,ij,rj->r", weights[0], rates, weights[1]), (0.025, 0.975))
    return float(low), float(high)


def coverage() -> pd.DataFrame:
    """One row for each kind of values: how often each interval holds the mean, and its mean width."""
    rows = []
    for kind, (draw, true, within) in KINDS.items():
        generator = np.random.default_rng(0)
        samples = [draw(generator) for _ in range(_SAMPLES)]
        row: dict[str, str] = {"values": kind, "mean": f"{true:.2f}"}
        bounds = {
            "bootstrap": [_bootstrap(values, generator) for values in samples],
            "here": [mean_interval(values, within=within)[1:] for values in samples],
        }
        for name, covered in bounds.items():
            low, high = np.array(covered).T
            row[f"{name} holds it"] = f"{np.mean((low <= true) & (true <= high)):.1%}"
            row[f"{name} width"] = f"{np.mean(high - low):.3f}"
        rows.append(row)
    return pd.DataFrame(rows)


def _bootstrap(values: NDArray[np.float64], generator: np.random.Generator) -> tuple[float, float]:
    """Scipy's, and the percentile interval where the other is not defined."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for method in ("BCa", "percentile"):
            bounds = stats.bootstrap(
                (values,), np.mean, n_resamples=_RESAMPLES, method=method, rng=generator
            ).confidence_interval
            if np.isfinite([bounds.low, bounds.high]).all():
                break
    return float(bounds.low), float(bounds.high)


if __name__ == "__main__":
    print(markdown_table(coverage()))
    print(markdown_table(coverage_over_networks()))
