from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from evaluation.reproduction import regression
from evaluation.reproduction.claims import behaviour
from evaluation.reproduction.regression import accuracy, fit, variance_inflation
from steered_env import Maze

FACTORS = ["near", "far", "nothing"]
TRUE = np.array([-2.0, 1.0, 0.0])


@pytest.fixture
def values() -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).standard_normal((800, 3)), columns=FACTORS)


def test_a_regression_finds_the_coefficients_that_made_the_probabilities(
    values: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regression, "_RESAMPLES", 60)
    noise = np.random.default_rng(1).normal(0, 0.5, len(values))
    probabilities = expit(values.to_numpy() @ TRUE + 0.5 + noise)
    model, again = (fit(values, probabilities, FACTORS) for _ in range(2))
    assert np.array_equal(again.drawn, model.drawn)
    for factor, true in zip(FACTORS, TRUE, strict=True):
        mean, low, high = model.interval(factor)
        assert low <= mean <= high
        assert mean == pytest.approx(true, abs=0.15)
    assert model.interval("near").high < 0 < model.interval("far").low
    lead = model.interval_of(lambda c: np.abs(c[..., 0]) - np.abs(c[..., 1]))
    assert lead.low > 0.5
    right = accuracy(model.predicts_cheese(values), probabilities)
    assert 0.75 < right.mean() <= np.maximum(probabilities, 1 - probabilities).mean()


def test_each_maze_counts_as_often_as_its_weights_say() -> None:
    """One factor that splits mazes in two: the model's probabilities are the mean ones of each part."""
    factor = np.repeat([0.0, 1.0], 500)
    probabilities = np.where(factor == 1, 0.8, 0.3)
    model = fit(pd.DataFrame({"x": factor}), probabilities, ["x"])
    assert expit(model.intercept) == pytest.approx(0.3, abs=0.01)
    assert expit(model.intercept + model.coefficients[0]) == pytest.approx(0.8, abs=0.01)


def test_variance_inflation_is_that_of_regressing_a_factor_on_the_others(values: pd.DataFrame) -> None:
    values["near"] = values["far"] + 0.5 * values["near"]
    inflation = variance_inflation(values, FACTORS)
    rest = np.column_stack([np.ones(len(values)), values[["far", "nothing"]]])
    residual = values["near"] - rest @ np.linalg.lstsq(rest, values["near"], rcond=None)[0]
    assert inflation["near"] == pytest.approx(values["near"].var() / residual.var(), rel=1e-2)
    assert inflation["nothing"] == pytest.approx(1, abs=0.05)


def test_distances_by_hand() -> None:
    maze = Maze.from_text("""
C....
##.##
##.##
##.##
>....
""")
    distances = list(behaviour._distances(maze).values())
    assert distances == [2, 2, 4, 0]  # the 5×5 region is the whole maze
