"""Logistic regression of probabilities on distances, with intervals over mazes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.results import Interval
from steered_env.system import MissingExtraError, needing

from .finding import DoesNotApplyError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RESAMPLES = 400
_TAILS = (0.025, 0.975)


@dataclass(frozen=True)
class Regression:
    """A fitted model, and the coefficients under random weights of the mazes.

    Attributes:
        factors: Names of the factors.
        coefficients: One for each factor.
        intercept: The intercept.
        drawn: ``(resamples, factors)`` coefficients fitted with random weights of the mazes.
    """

    factors: tuple[str, ...]
    coefficients: NDArray[np.float64]
    intercept: float
    drawn: NDArray[np.float64]

    def interval(self, factor: str) -> Interval:
        """The coefficient of a factor with its interval over mazes."""
        return self.interval_of(lambda coefficients: coefficients[..., self.factors.index(factor)])

    def interval_of(self, number: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Interval:
        """A number made of the coefficients, which are its last axis, with its interval over mazes."""
        low, high = np.quantile(number(self.drawn), _TAILS)
        return Interval(float(number(self.coefficients)), float(low), float(high))

    def predicts_cheese(self, values: pd.DataFrame) -> NDArray[np.bool_]:
        """Whether the model finds the cheese more likely than not, for each row of standardised factors."""
        predicted: NDArray[np.bool_] = values[list(self.factors)].to_numpy() @ self.coefficients + self.intercept > 0
        return predicted


def fit(values: pd.DataFrame, probabilities: NDArray[np.float64], factors: Sequence[str]) -> Regression:
    """Fit an L1-regularised logistic regression to probabilities.

    Each maze stands twice, as a success with weight p and as a failure with weight 1 − p, so that nothing is drawn.
    Intervals are those of the Bayesian bootstrap: mazes are weighted at random, and the model is fitted again.

    Args:
        values: Standardised factors, a row for each maze.
        probabilities: The probability of success in each maze.
        factors: Names of the factors to use.

    Raises:
        DoesNotApplyError: if scikit-learn is not installed.
    """
    table = values[list(factors)].to_numpy()
    generator = np.random.default_rng(0)
    coefficients, intercept = _fit(table, probabilities, np.ones(len(table)))
    weights = generator.standard_exponential((_RESAMPLES, len(table)))
    drawn = np.array([_fit(table, probabilities, row)[0] for row in weights])
    return Regression(tuple(factors), coefficients, intercept, drawn)


def _fit(
    table: NDArray[np.float64], probabilities: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    try:
        with needing("analysis"):
            from sklearn.linear_model import LogisticRegression
    except MissingExtraError as error:
        raise DoesNotApplyError(str(error)) from None
    new = LogisticRegression().penalty == "deprecated"  # from 1.8 on l1_ratio says which penalty it is
    l1: dict[str, Any] = {"l1_ratio": 1.0} if new else {"penalty": "l1"}
    model = LogisticRegression(solver="liblinear", random_state=0, **l1)  # it takes the data in a random order
    model.fit(
        np.concatenate([table, table]),
        np.repeat([1, 0], len(table)),
        np.concatenate([weights * probabilities, weights * (1 - probabilities)]),
    )
    return model.coef_[0].astype(np.float64), float(model.intercept_[0])


def variance_inflation(values: pd.DataFrame, factors: Sequence[str]) -> dict[str, float]:
    """How much its correlation with the others raises the variance of each factor's coefficient; 1 for not at all.

    The diagonal of the inverse of the correlation matrix.
    """
    correlations = np.corrcoef(values[list(factors)].to_numpy().T)
    return dict(zip(factors, np.diag(np.linalg.pinv(correlations)).tolist(), strict=True))


def accuracy(predicts: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability that each prediction is right: p where success is predicted, and 1 − p elsewhere."""
    return np.where(predicts, probabilities, 1 - probabilities)
