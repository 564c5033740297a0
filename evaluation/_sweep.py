"""`sweep`: one vector at many strengths, in many layers, from many sources, on many policies, as one tidy frame."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn

from evaluation.measuring import VECTORS, Combination, Condition, Vector
from evaluation.storage import BASELINE
from steered_env import Maze, SteeredPolicy
from steered_env.simulator import check_level
from steered_env.steering import DEFAULT_LAYER

from ._evaluate import HORIZON, evaluate

_COLUMNS = ("policy", "vector", "layer", "source", "coefficient")


@dataclass(frozen=True)
class Setting:
    """One cell of a sweep.

    Attributes:
        vector: ``cheese``, ``top_right`` or ``random``.
        layer: Dotted name of a layer.
        source: Level whose vector is used everywhere; None for each maze's own.
        coefficient: Number that the vector is multiplied by; with 0 nothing is steered.
    """

    vector: str
    layer: str
    source: int | None
    coefficient: float

    @property
    def condition(self) -> Condition:
        """The setting as a condition with a name of its own."""
        name = f"{self.coefficient!r}*{self.vector}(layer={self.layer!r}, level={self.source})"
        vector = Vector(self.vector, level=self.source, layer=self.layer)
        return Condition(name, Combination(((self.coefficient, vector),)))


def sweep(
    policies: nn.Module | SteeredPolicy | Mapping[str, nn.Module | SteeredPolicy] | Sequence[str] | str,
    levels: int | Sequence[int] | None = None,
    *,
    vectors: Iterable[str] = ("cheese",),
    layers: Iterable[str] = (DEFAULT_LAYER,),
    sources: Iterable[int | None] = (None,),
    coefficients: Iterable[float] = (-1.0, 0.0, 1.0),
    mazes: Sequence[Maze] | None = None,
    horizon: int = HORIZON,
    tolerance: float | None = None,
    device: str = "auto",
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    out: str | os.PathLike[str] | None = None,
    chunk: int | None = None,
    ray: str | None = None,
    other_code: bool = False,
) -> pd.DataFrame:
    """Measure every combination of policies, vectors, layers, sources and coefficients on every maze, exactly.

    Each frame passes through the layers before the first steered one once for all settings, and each vector is
    computed once; see ``benchmarks`` for what that saves.

    Example:
        >>> from evaluation import sweep
        >>> from steered_env import load_policy
        >>> frame = sweep(load_policy(), levels=range(2), coefficients=[-1, 0])
        >>> frame[["level", "vector", "coefficient"]].values.tolist()
        [[0, 'cheese', -1.0], [0, 'cheese', 0.0], [1, 'cheese', -1.0], [1, 'cheese', 0.0]]

    Args:
        policies: One policy; or names with policies; or names of packaged ones, or paths.
        levels: Mazes as procgen generates them.
        vectors: Some of ``cheese``, ``top_right`` and ``random``.
        layers: Dotted names of layers.
        sources: Levels whose vector is used in every maze; None is each maze's own vector.
        coefficients: Numbers that the vectors are multiplied by.
        mazes: Mazes of your own, instead of levels.
        horizon: Number of steps within which a place must be reached.
        tolerance: The most by which a rate may be too low, as for `evaluate`.
        device: Where the networks run, as for `evaluate`.
        workers: Number of threads; defaults to one per core. The numbers do not depend on it.
        on_progress: Called with (mazes done, mazes in all), counted over all policies.
        out: Folder that keeps a run of each policy; the same call goes on with them, see `evaluate`.
        chunk: Mazes in each file of a run, as for `evaluate`.
        ray: Address of a Ray cluster that does the work, as for `evaluate`.
        other_code: Go on with runs that other code began, as for `evaluate`.

    Returns:
        One row per policy, maze and setting: ``policy``, ``vector``, ``layer``, ``source``, ``coefficient``, then the
        columns of `Results.frame`. Where a vector does not exist for a maze there is no row.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of range, or nothing is asked for.
        RunError: if ``out`` holds a run with another configuration or of other code, or is in use.
    """
    named = _named(policies)
    settings = list(_settings(vectors, layers, sources, coefficients))
    parts = []
    for number, (name, policy) in enumerate(named.items()):
        results = evaluate(
            policy,
            levels,
            [setting.condition for setting in settings],
            mazes=mazes,
            horizon=horizon,
            tolerance=tolerance,
            device=device,
            workers=workers,
            on_progress=_counted(on_progress, number, len(named)),
            out=None if out is None else Path(out) / f"{number:02d}-{Path(name).stem}",
            chunk=chunk,
            ray=ray,
            other_code=other_code,
        )
        columns = pd.DataFrame(
            {
                "condition": [setting.condition.name for setting in settings],
                "vector": [setting.vector for setting in settings],
                "layer": [setting.layer for setting in settings],
                "source": pd.array([setting.source for setting in settings], dtype="Int64"),
                "coefficient": [setting.coefficient for setting in settings],
            }
        )
        parts.append(results.frame.merge(columns, on="condition", how="left").assign(policy=name))
    frame = pd.concat(parts, ignore_index=True).drop(columns="condition")
    return frame[[*_COLUMNS, *(column for column in frame.columns if column not in _COLUMNS)]]


def _named(policies: Any) -> dict[str, nn.Module | SteeredPolicy | str]:
    if isinstance(policies, str):
        return {policies: policies}
    if not isinstance(policies, (Mapping, Sequence)):
        return {"policy": policies}
    if not policies:
        raise ValueError("a sweep needs at least one policy")
    for name in policies:
        if not isinstance(name, str):
            raise TypeError(
                f"several policies of a sweep need names, such as {{'mine': policy}}, got a {type(name).__name__}"
            )
    return dict(policies) if isinstance(policies, Mapping) else {name: name for name in policies}


def _settings(
    vectors: Iterable[str], layers: Iterable[str], sources: Iterable[int | None], coefficients: Iterable[float]
) -> Iterator[Setting]:
    axes = [
        _axis("vectors", vectors, _vector),
        _axis("layers", layers, _layer),
        _axis("sources", sources, _source),
        _axis("coefficients", coefficients, _coefficient),
    ]
    return (Setting(*values) for values in itertools.product(*axes))


def _axis(name: str, values: Any, checked: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The different values along one axis of a sweep, each checked before anything is made of it."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} of a sweep must be a list, got {values!r}; write {name}=[{values!r}]")
    axis = tuple(dict.fromkeys([checked(value) for value in values]))
    if not axis:
        raise ValueError(f"a sweep needs at least one of its {name}")
    return axis


def _vector(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(
            f"vectors of a sweep are names, of {', '.join(VECTORS)}, got a {type(value).__name__}; measure a Steering "
            'of your own with evaluate(policy, levels, [(f"{c} mine", c * steering) for c in coefficients])'
        )
    if value not in VECTORS:
        raise ValueError(f"unknown vector {value!r}; there are {', '.join(VECTORS)}; {BASELINE} is coefficient 0")
    return str(value)


def _layer(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"layers of a sweep are dotted names, such as {DEFAULT_LAYER!r}, got {value!r}")
    return str(value)


def _source(value: Any) -> int | None:
    return None if value is None else check_level(value)


def _coefficient(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"coefficients of a sweep are numbers, got {value!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"coefficients of a sweep must be finite, got {value!r}")
    return number


def _counted(
    on_progress: Callable[[int, int], None] | None, number: int, policies: int
) -> Callable[[int, int], None] | None:
    if on_progress is None:
        return None
    return lambda done, total: on_progress(number * total + done, policies * total)
