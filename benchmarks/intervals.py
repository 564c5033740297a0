"""How often intervals of a mean hold the true one, and how wide they are: ours against the ordinary bootstrap.

python -m benchmarks.intervals
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.results.markdown import markdown_table
from evaluation.results.statistics import DIFFERENCE, RATE, mean_interval

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
