"""The work of an evaluation: which mazes, whose policy, and the rows that come of a chunk of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from torch import nn

from evaluation.storage import BASELINE, fingerprint, frame_of
from steered_env import Maze, Steering
from steered_env.maze import Edit, apply_edits
from steered_env.policy import UnknownPolicyError, check_finite
from steered_env.simulator import check_level, whole_number
from steered_env.steering import Intervention, find_layer
from steered_env.system import check_given_up

from .conditions import Condition, SteeringFactory
from .exact import measure_exactly
from .measures import Measures
from .named_policy import loaded
from .sampled import DrawKey, Predictor, draw_keys, measure_by_sampling, measure_predictor
from .shared_forward import SharedForward, module_and_steering

Method = Literal["exact", "sampled"]
_BATCH_SIZES = {"exact": 64, "sampled": 8}
"""All states of a maze at once, or the few that episodes meet for the first time in one step."""


@dataclass(frozen=True)
class Settings:
    """How to measure: method, horizon, episodes and seed (sampled only), and whether the likeliest action is taken."""

    method: Method
    horizon: int
    episodes: int
    seed: int
    deterministic: bool = False

    def __post_init__(self) -> None:
        if self.method not in ("exact", "sampled"):
            raise ValueError(f'method must be "exact" or "sampled", got {self.method!r}')
        for name, lowest in (("horizon", 1), ("episodes", 1), ("seed", 0)):
            value = whole_number(getattr(self, name), name)
            if value < lowest:
                raise ValueError(f"{name} must be ≥ {lowest}, got {value}")
            object.__setattr__(self, name, value)  # a plain int, as JSON wants it

    def description(self) -> dict[str, Any]:
        """For people: without the number of episodes where none are drawn."""
        return {name: value for name, value in asdict(self).items() if name != "episodes" or self.method == "sampled"}


class Chunk(NamedTuple):
    """Some mazes in a row.

    Attributes:
        number: of the chunk, from 0.
        first: the number of its first maze.
        items: their levels, or the mazes themselves.
    """

    number: int
    first: int
    items: tuple[int, ...] | tuple[Maze, ...]


@dataclass(frozen=True)
class Source:
    """Mazes to be measured, generated a chunk at a time.

    Attributes:
        levels: which, or None.
        mazes: those of the caller instead, or None.
    """

    levels: Sequence[int] | None
    mazes: Sequence[Maze] | None

    @classmethod
    def of(cls, levels: int | Sequence[int] | None, mazes: Sequence[Maze] | None) -> Source:
        """Levels or mazes, checked.

        Raises:
            TypeError: if one is of the wrong kind.
            ValueError: if there is none, both are given, a level is out of range, or a level or maze is named twice.
        """
        if (levels is None) == (mazes is None):
            raise ValueError("name either levels or mazes")
        source = cls(None, _checked_mazes(mazes)) if mazes is not None else cls(_checked_levels(levels), None)
        if not len(source):
            raise ValueError("there must be at least one level or maze")
        return source

    def __len__(self) -> int:
        return len(self.mazes if self.mazes is not None else self.levels or ())

    def chunk(self, number: int, size: int) -> Chunk:
        """The ``number``-th ``size`` levels or mazes, or what is left of them."""
        items: Sequence[Any] = self.mazes if self.mazes is not None else self.levels or ()
        return Chunk(number, number * size, tuple(items[number * size : (number + 1) * size]))

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All of them."""
        return (self.chunk(number, size) for number in range(-(-len(self) // size)))


def _checked_mazes(mazes: object) -> tuple[Maze, ...]:
    if isinstance(mazes, Maze) or not isinstance(mazes, Iterable):
        hint = "; write mazes=[maze]" if isinstance(mazes, Maze) else ""
        raise TypeError(f"mazes must be a list of Maze objects, got one {type(mazes).__name__}{hint}")
    several = tuple(mazes)
    for maze in several:
        if not isinstance(maze, Maze):
            raise TypeError(f"mazes must be Maze objects, got {type(maze).__name__}")
    first: dict[Maze, int] = {}
    for number, maze in enumerate(several):
        if first.setdefault(maze, number) != number:
            raise ValueError(
                f"mazes {first[maze]} and {number} are the same, {maze!r}, but the intervals take every maze for an "
                "independent one: name each maze once (for more episodes of a sampled maze raise episodes)"
            )
    return several


def check_distinct(levels: list[int]) -> list[int]:
    """Levels, if none is named twice: the intervals take every maze for an independent one.

    Raises:
        ValueError: if one is.
    """
    seen: set[int] = set()
    for level in levels:
        if level in seen:
            raise ValueError(
                f"level {level} is named {levels.count(level)} times, but the intervals take every maze for an "
                "independent one: name each level once"
            )
        seen.add(level)
    return levels


def _checked_levels(levels: object) -> range | tuple[int, ...]:
    many: Any = levels if isinstance(levels, (Sequence, np.ndarray)) else (levels,)
    if isinstance(many, range):
        for end in (many[0], many[-1]) if many else ():
            check_level(end)
        return many
    return tuple(check_distinct([check_level(level) for level in many]))


@dataclass(frozen=True)
class Subject:
    """The policy that is measured.

    Attributes:
        module: a torch module with action probabilities, or None.
        predictor: what has only ``predict``, or None.
        steering: what a `SteeredPolicy` brings along.
        name: the packaged policy's name, or the path, that was given in place of a policy; or None.
    """

    module: nn.Module | None
    predictor: Predictor | None
    steering: Intervention
    name: str | None = None

    @classmethod
    def of(cls, policy: Any, conditions: Sequence[Condition], settings: Settings) -> Subject:
        """A policy that can be measured under these conditions in this way; also by name or path.

        Raises:
            OSError: if there is no policy of that name.
            TypeError: if it is no policy.
            ValueError: if it cannot be steered, lacks a layer, has weights that are not finite, or cannot be measured
                so.
        """
        name = os.fspath(policy) if isinstance(policy, (str, os.PathLike)) else None
        policy = loaded(policy)
        try:
            module, steering = module_and_steering(policy)
        except TypeError as reason:
            return cls._of_predictor(policy, conditions, settings, reason)
        for condition in conditions:
            for layer in condition.layers:
                find_layer(module, layer)
        check_finite(module)
        return cls(module, None, steering, name)

    @classmethod
    def _of_predictor(
        cls, policy: Any, conditions: Sequence[Condition], settings: Settings, reason: TypeError
    ) -> Subject:
        """What has ``predict`` but no probabilities that are known, for the reason given."""
        if not callable(getattr(policy, "predict", None)):
            raise reason
        kind = type(policy).__name__
        why = f" ({reason})" if isinstance(reason, UnknownPolicyError) else ""
        if settings.method != "sampled":
            raise ValueError(
                f'{kind} has only predict: measure it with method="sampled"; the exact method needs '
                f"action_probabilities{why}"
            )
        for condition in conditions:
            if condition.terms or condition.made_by is not None:
                raise ValueError(
                    f"condition {condition.name!r} cannot steer {kind}, which has only predict: measure {BASELINE!r} "
                    f"alone, or give the torch module{why}"
                )
        return cls(None, policy, Steering())

    @property
    def description(self) -> str:
        """The policy's class, and its width if it has one."""
        subject = self.module if self.module is not None else self.predictor
        width = getattr(subject, "width", None)
        return getattr(subject, "adapted", type(subject).__name__) + (f"(width={width})" if width else "")

    def described(self) -> dict[str, str]:
        """For people: class and width, the name that was given, and the fingerprint of the weights; what there is."""
        found = {"policy": self.description}
        if self.name is not None:
            found["policy_name"] = self.name
        if self.module is not None:
            with suppress(TypeError, ValueError):  # a module of the caller's may hold what has none
                found["weights"] = fingerprint(self.module)
        return found


@dataclass(frozen=True)
class Job:
    """What is done with every maze, and all that a worker needs for it.

    Attributes:
        subject: whose policy.
        conditions: under which it is measured.
        edits: made in every maze first.
        settings: how.
    """

    subject: Subject
    conditions: tuple[Condition, ...]
    edits: tuple[Edit, ...]
    settings: Settings

    def description(self) -> dict[str, Any]:
        """For people, and for `Results.description`."""
        return {
            **self.subject.described(),
            "conditions": [condition.name for condition in self.conditions],
            **self.settings.description(),
            "edits": [getattr(edit, "__qualname__", repr(edit)) for edit in self.edits],
        }


class Measurer:
    """Does a job, chunk by chunk, in as many threads as call it.

    Args:
        job: what to do; every thread makes its own copy of the policy.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self._own = threading.local()
        self._one_at_a_time = threading.Lock()

    def frame(self, chunk: Chunk) -> pd.DataFrame:
        """The rows of one chunk, in the order of mazes and conditions.

        Raises:
            GivenUpError: in a thread of `worker_threads` whose work nobody waits for any more.
        """
        return frame_of(self.rows(chunk))

    def rows(self, chunk: Chunk) -> list[dict[str, Any]]:
        """The same, before they become a frame."""
        mazes = [item for item in chunk.items if isinstance(item, Maze)] or Maze.from_levels(chunk.items)  # type: ignore[arg-type]
        return [
            row
            for number, (maze, key) in enumerate(zip(mazes, draw_keys(mazes), strict=True), chunk.first)
            for row in self._rows(number, apply_edits(maze, self.job.edits), key)
        ]

    def _rows(self, number: int, maze: Maze, key: DrawKey) -> list[dict[str, Any]]:
        check_given_up()
        square = maze.decision_square or (np.nan, np.nan)
        common = {
            "maze": number,
            "level": maze.level,
            "size": maze.size,
            "decision_row": square[0],
            "decision_col": square[1],
        }
        return [
            {**common, "condition": name, **asdict(measures)} for name, measures in self._measure(maze, key).items()
        ]

    def _measure(self, maze: Maze, key: DrawKey) -> dict[str, Measures]:
        subject, how = self.job.subject, self.job.settings
        if subject.predictor is not None:
            with self._one_at_a_time:  # it may remember
                measures = measure_predictor(
                    subject.predictor,
                    maze,
                    horizon=how.horizon,
                    episodes=how.episodes,
                    deterministic=how.deterministic,
                )
            return {condition.name: measures for condition in self.job.conditions}
        forward, factory = self._tools()
        with self._one_at_a_time if forward.policy is subject.module else nullcontext():
            return self._measure_steered(maze, key, forward, factory)

    def _measure_steered(
        self, maze: Maze, key: DrawKey, forward: SharedForward, factory: SteeringFactory
    ) -> dict[str, Measures]:
        subject, how = self.job.subject, self.job.settings
        steerings = {
            name: subject.steering.then(steering)
            for name, steering in factory.steerings(self.job.conditions, maze).items()
        }
        if not steerings:  # no condition's vector exists here
            return {}
        if how.method == "exact":
            found = measure_exactly(forward, maze, steerings, horizon=how.horizon, deterministic=how.deterministic)
        else:
            found = measure_by_sampling(
                forward,
                maze,
                steerings,
                horizon=how.horizon,
                episodes=how.episodes,
                seed=how.seed,
                key=key,
                deterministic=how.deterministic,
            )
        return dict(zip(steerings, found, strict=True))

    def _tools(self) -> tuple[SharedForward, SteeringFactory]:
        """This thread's own copy of the policy, and what makes vectors with it."""
        if not hasattr(self._own, "tools"):
            module = self.job.subject.module
            assert module is not None
            forward = SharedForward(module, batch_size=_BATCH_SIZES[self.job.settings.method])
            self._own.tools = forward, SteeringFactory(forward.policy)
        tools: tuple[SharedForward, SteeringFactory] = self._own.tools
        return tools
