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

from evaluation.measuring import VECTORS, Combination, Condition, SteeringMaker, Vector
from evaluation.storage import BASELINE
from steered_env import Maze, SteeredPolicy, Steering
from steered_env.simulator import check_level
from steered_env.steering import DEFAULT_LAYER, Intervention

from ._evaluate import HORIZON, evaluate

_COLUMNS = ("policy", "vector", "layer", "source", "coefficient")


SweptVector = str | tuple[str, Intervention | SteeringMaker]
"""A word for a vector, or a name with a `Steering`, another `Intervention`, or a function that makes one."""


@dataclass(frozen=True)
class Setting:
    """One cell of a sweep.

    Attributes:
        vector: Name of the vector.
        layer: Name of the layer; None where the vector brings its own.
        source: Level whose vector is used everywhere; None for each maze's own.
        coefficient: Number that the vector is multiplied by; with 0 nothing is steered. None for an intervention that
            cannot be multiplied.
        condition: The condition that it is measured under.
    """

    vector: str
    layer: str | None
    source: int | None
    coefficient: float | None
    condition: Condition


@dataclass(frozen=True)
class _Multiple:
    """Makes a multiple of what a function makes of a maze.

    Attributes:
        maker: The function.
        source: The level whose maze it is given; None for the maze that is measured.
        coefficient: The factor.
    """

    maker: SteeringMaker
    source: int | None
    coefficient: float

    def __call__(self, policy: nn.Module, maze: Maze) -> Intervention:
        steering = self.maker(policy, maze if self.source is None else Maze.from_level(self.source))
        if isinstance(steering, Steering):
            return self.coefficient * steering
        if self.coefficient != 1 and isinstance(steering, Intervention):
            raise TypeError(
                f"only a Steering can be multiplied by {self.coefficient:g}, but the function made a "
                f"{type(steering).__name__}: sweep it with coefficients=[1]"
            )
        return steering


def sweep(
    policies: nn.Module | SteeredPolicy | Mapping[str, nn.Module | SteeredPolicy] | Sequence[str] | str,
    levels: int | Sequence[int] | None = None,
    *,
    vectors: Iterable[SweptVector] | Mapping[str, Intervention | SteeringMaker] = ("cheese",),
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

    Each observation passes through the layers before the first steered one once for all settings, and each vector is
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
        vectors: Words such as ``cheese`` and ``top_right``; or names, each with a `Steering`, whose layers and source
            are its own; with a function ``(policy, maze) -> Steering``, which makes one of each source; or with another
            `Intervention`, which is measured once, without a coefficient.
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
    vectors: Iterable[SweptVector] | Mapping[str, Intervention | SteeringMaker],
    layers: Iterable[str],
    sources: Iterable[int | None],
    coefficients: Iterable[float],
) -> Iterator[Setting]:
    items = tuple(vectors.items()) if isinstance(vectors, Mapping) else vectors
    axes = _Axes(
        _axis("layers", layers, _layer),
        _axis("sources", sources, _source),
        _axis("coefficients", coefficients, _coefficient),
    )
    for vector in _axis("vectors", items, _vector):
        yield from axes.of_word(vector) if isinstance(vector, str) else axes.of_own(*vector)


@dataclass(frozen=True)
class _Axes:
    """What each vector of a sweep is combined with.

    Attributes:
        layers: Names of layers.
        sources: Levels, or None for each maze's own.
        coefficients: Factors.
    """

    layers: tuple[str, ...]
    sources: tuple[int | None, ...]
    coefficients: tuple[float, ...]

    def of_word(self, word: str) -> Iterator[Setting]:
        for layer, source, coefficient in itertools.product(self.layers, self.sources, self.coefficients):
            vector = Vector(word, level=source, layer=layer)
            name = f"{coefficient!r}*{word}(layer={layer!r}, level={source})"
            condition = Condition(name, Combination(((coefficient, vector),)))
            yield Setting(word, layer, source, coefficient, condition)

    def of_own(self, name: str, own: Intervention | SteeringMaker) -> Iterator[Setting]:
        if isinstance(own, Steering):
            layer = ", ".join(own)
            for coefficient in self.coefficients:
                yield Setting(name, layer, None, coefficient, Condition(f"{coefficient!r}*{name}", coefficient * own))
        elif isinstance(own, Intervention):
            yield Setting(name, ", ".join(own.changes()), None, None, Condition(name, own))
        else:
            for source, coefficient in itertools.product(self.sources, self.coefficients):
                condition = Condition(f"{coefficient!r}*{name}(level={source})", _Multiple(own, source, coefficient))
                yield Setting(name, None, source, coefficient, condition)


def _axis(name: str, values: Any, checked: Callable[[Any], Any]) -> tuple[Any, ...]:
    """The different values along one axis of a sweep, each checked before anything is made of it."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} of a sweep must be a list, got {values!r}; write {name}=[{values!r}]")
    axis: dict[Any, Any] = {}
    for value in map(checked, values):
        key = value[0] if isinstance(value, tuple) else value
        if isinstance(value, tuple) and key in axis:
            raise ValueError(f"two {name} are called {key!r}; give each a name of its own")
        axis[key] = value
    if not axis:
        raise ValueError(f"a sweep needs at least one of its {name}")
    return tuple(axis.values())


def _vector(value: Any) -> SweptVector:
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        name, own = value
        if name in (BASELINE, *VECTORS):
            raise ValueError(f"the name {name!r} has a meaning already: give this vector another one")
        if isinstance(own, Intervention) or callable(own):
            return name, own
    if not isinstance(value, str):
        raise TypeError(
            f"vectors of a sweep are names, of {', '.join(VECTORS)}, or names with a Steering, another Intervention or "
            f"a function (policy, maze) -> Steering, got a {type(value).__name__}"
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
