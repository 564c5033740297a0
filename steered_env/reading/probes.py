"""Linear probes: what can be read from activations with a straight line, and what from the observation alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from steered_env.simulator import whole_number
from steered_env.steering import Steering
from steered_env.system import needing

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Probe:
    """How well a thing can be read.

    Attributes:
        score: From the activations, in mazes that the probe was not fitted to: the share that is right, balanced over
            the classes; or R² for numbers.
        control: The same from the observations; None without them.
        chance: The same from nothing.
        direction: What the probe adds up, over all mazes, as a `Steering` of the layer; None for more than two classes.
    """

    score: float
    control: float | None
    chance: float
    direction: Steering | None = field(repr=False)


def linear_probe(
    array: xr.DataArray,
    targets: ArrayLike,
    *,
    observations: NDArray[np.uint8] | None = None,
    folds: int = 5,
    seed: int = 0,
) -> Probe:
    """Fit a linear probe from activations to targets, and score it in mazes that it has not seen.

    Classes (whole numbers, words, True and False) are told apart by logistic regression, other numbers are fitted by
    ridge regression; both on standardised inputs, of scikit-learn.

    Args:
        array: Activations of N mazes, of `activations`; or their means over places, ``array.mean(["row", "col"],
            keepdims=True)``, whose direction ``(C, 1, 1)`` is one of the channels everywhere.
        targets: N classes or numbers.
        observations: ``(N, 64, 64, 3)``: what a control probe reads instead.
        folds: Parts into which the mazes are cut, each scored by a probe of the others.
        seed: Seed of the cut, 0 to 2³² − 1.

    Raises:
        MissingExtraError: if scikit-learn is not installed.
        TypeError: if targets are neither classes nor numbers, or ``folds`` or the seed is no whole number.
        ValueError: if the numbers of mazes differ, there are fewer than two classes or too few mazes of one, targets or
            activations are not finite, there are fewer than two folds or more than mazes, or the seed is out of range.
    """
    with needing("analysis"):
        from sklearn.dummy import DummyClassifier, DummyRegressor
        from sklearn.linear_model import LogisticRegression, Ridge
        from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

    wanted = np.asarray(targets)
    if wanted.dtype.kind == "O":  # as pandas has words
        wanted = np.asarray(wanted.tolist())
    rows = np.asarray(array).reshape(len(array), -1)
    if wanted.shape != (len(rows),):
        raise ValueError(f"there must be one target for each of {len(rows)} mazes, got shape {wanted.shape}")
    is_number = wanted.dtype.kind == "f"
    _check(wanted, rows, whole_number(folds, "folds"))
    seed = whole_number(seed, "seed", 0, 2**32 - 1)
    model = make_pipeline(StandardScaler(), Ridge(len(rows)) if is_number else LogisticRegression(C=0.01, max_iter=500))
    cut = (KFold if is_number else StratifiedKFold)(folds, shuffle=True, random_state=seed)
    scoring = "r2" if is_number else "balanced_accuracy"

    def score(estimator: Any, inputs: NDArray[Any]) -> float:
        return float(cross_val_score(estimator, inputs, wanted, cv=cut, scoring=scoring).mean())

    control = None
    if observations is not None:
        if len(observations) != len(rows):
            raise ValueError(f"there must be one observation for each of {len(rows)} mazes, got {len(observations)}")
        control = score(model, np.asarray(observations, np.float32).reshape(len(rows), -1) / 255)
    dummy = DummyRegressor() if is_number else DummyClassifier()
    score_of_activations, chance = score(model, rows), score(dummy, rows)
    model.fit(rows, wanted)
    return Probe(score_of_activations, control, chance, _direction(model, array))


def _check(targets: NDArray[Any], rows: NDArray[Any], folds: int) -> None:
    """Refuse what scikit-learn would refuse in the middle of its work."""
    if targets.dtype.kind not in "biufUS":
        kinds = ", ".join(sorted({type(target).__name__ for target in targets.tolist()}))
        raise TypeError(f"targets must be classes (whole numbers, words, True and False) or numbers, got {kinds}")
    for what, values in (("target", targets), ("activation", rows)):
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            first = int(np.argwhere(~np.isfinite(values))[0][0])
            raise ValueError(f"each {what} must be finite, that of maze {first} is not: leave it out")
    if not 2 <= folds <= len(rows):
        raise ValueError(f"folds must be 2 to {len(rows)}, the number of mazes, got {folds}")
    if targets.dtype.kind == "f":
        return
    classes, counts = np.unique(targets, return_counts=True)
    if len(classes) < 2:
        raise ValueError(f"there must be at least two classes to tell apart, got only {classes[0]}")
    if counts.min() < folds:
        raise ValueError(f"each class needs at least {folds} mazes, one for each fold: take fewer folds, or more mazes")


def _direction(model: Any, array: xr.DataArray) -> Steering | None:
    scaler, linear = (step for _, step in model.steps)
    weights = np.atleast_2d(linear.coef_)
    if len(weights) != 1:
        return None
    shape: Sequence[int] = array.shape[1:]
    unscaled = (weights[0] / scaler.scale_).reshape(shape).astype(np.float32)
    steering = Steering({str(array.coords["layer"].item()): torch.from_numpy(unscaled)})
    return steering.made_by("linear_probe", mazes=len(array))
