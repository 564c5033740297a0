"""The work of a measurement: what is done with every maze, and the rows that come of a chunk of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from evaluation.storage import frame_of
from steered_env import Maze
from steered_env.maze import Edit, apply_edits
from steered_env.steering import Intervention
from steered_env.system import check_given_up

from .conditions import Condition
from .exact import measure_exactly
from .maze_sets import Chunk, MazeSet
from .measures import Measures
from .sampled import DrawKey, draw_keys, measure_by_sampling, measure_predictor
from .settings import Settings
from .shared_forward import SharedForward
from .steering_factory import SteeringFactory
from .subject import PredictOnly, SteerablePolicy, Subject

_BATCH_SIZES = {"exact": 64, "sampled": 8}
"""Observations in a batch: many states of a maze at once, or the few that episodes meet first in one step."""
_MORE_ON_A_GPU = 8
"""How many times as many a batch has on a GPU, which a few observations leave idle; chosen without having one."""


@dataclass(frozen=True)
class Job:
    """The work on every maze, with all that a worker needs for it.

    Attributes:
        subject: The policy.
        conditions: The conditions under which it is measured.
        edits: Edits made in every maze first.
        settings: How each maze is measured.
    """

    subject: Subject
    conditions: tuple[Condition, ...]
    edits: tuple[Edit, ...]
    settings: Settings

    def description(self) -> dict[str, Any]:
        """The job for people, and for `Results.description`."""
        return {
            **self.subject.described(),
            "conditions": [condition.name for condition in self.conditions],
            **self.settings.description(),
            "edits": [getattr(edit, "__qualname__", repr(edit)) for edit in self.edits],
        }


@dataclass(frozen=True)
class Measurement:
    """A job and the mazes that it is done with.

    Attributes:
        job: What is done with every maze.
        mazes: The mazes.
    """

    job: Job
    mazes: MazeSet


class Measurer:
    """Does a job, chunk by chunk, in as many threads as call it.

    Args:
        job: What to do; every thread makes its own copy of the policy.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._measure = _measure_of(job)

    def frame(self, chunk: Chunk) -> pd.DataFrame:
        """Measure the mazes of one chunk.

        Returns:
            The rows in the order of mazes and conditions.

        Raises:
            GivenUpError: in a thread of `worker_threads` whose work nobody waits for any more.
        """
        loaded = chunk.mazes.load()
        keys, mazes = draw_keys(loaded), [apply_edits(maze, self._job.edits) for maze in loaded]
        return frame_of(
            [
                {**_columns_of(maze), "maze": number, "condition": condition, **asdict(measures)}
                for number, (maze, conditions) in enumerate(
                    zip(mazes, self._measure(mazes, keys), strict=True), chunk.first
                )
                for condition, measures in conditions.items()
            ]
        )


def _columns_of(maze: Maze) -> dict[str, Any]:
    row, col = maze.decision_square or (np.nan, np.nan)
    return {"level": maze.level, "size": maze.size, "decision_row": row, "decision_col": col}


_Measure = Callable[[Sequence[Maze], Sequence[DrawKey]], list[dict[str, Measures]]]
"""Measures mazes under every condition that exists there; their keys fix the draws."""


def _measure_of(job: Job) -> _Measure:
    if isinstance(job.subject, PredictOnly):
        return _MeasurePredictor(job, job.subject)
    return _MeasureSteered(job, job.subject)


class _MeasurePredictor:
    """Measures a policy that only chooses actions, one maze at a time, since it may remember."""

    def __init__(self, job: Job, subject: PredictOnly) -> None:
        self._job, self._predictor = job, subject.predictor
        self._one_at_a_time = threading.Lock()

    def __call__(self, mazes: Sequence[Maze], keys: Sequence[DrawKey]) -> list[dict[str, Measures]]:
        return [dict.fromkeys(self._names, self._measures(maze)) for maze in mazes]

    def _measures(self, maze: Maze) -> Measures:
        settings = self._job.settings
        with self._one_at_a_time:
            return measure_predictor(
                self._predictor,
                maze,
                horizon=settings.horizon,
                episodes=settings.episodes,
                deterministic=settings.deterministic,
            )

    @property
    def _names(self) -> list[str]:
        return [condition.name for condition in self._job.conditions]


class _MeasureSteered:
    """Measures a policy under all conditions together; every thread has a copy of the policy."""

    def __init__(self, job: Job, subject: SteerablePolicy) -> None:
        self._job, self._subject = job, subject
        self._own = threading.local()
        self._one_at_a_time = threading.Lock()

    def __call__(self, mazes: Sequence[Maze], keys: Sequence[DrawKey]) -> list[dict[str, Measures]]:
        forward, factory = self._tools()
        settings = self._job.settings
        with self._one_at_a_time if forward.policy is self._subject.module else nullcontext():
            if settings.method == "exact":
                return measure_exactly(
                    forward,
                    [(maze, self._steerings(factory, maze)) for maze in mazes],
                    horizon=settings.horizon,
                    tolerance=settings.tolerance,
                    deterministic=settings.deterministic,
                )
            return [
                measure_by_sampling(
                    forward,
                    maze,
                    self._steerings(factory, maze),
                    horizon=settings.horizon,
                    episodes=settings.episodes,
                    seed=settings.seed,
                    key=key,
                    deterministic=settings.deterministic,
                )
                for maze, key in zip(mazes, keys, strict=True)
            ]

    def _steerings(self, factory: SteeringFactory, maze: Maze) -> dict[str, Intervention]:
        """The steering of each condition whose vector exists in a maze, on top of the policy's own."""
        check_given_up()
        steerings = factory.steerings(self._job.conditions, maze)
        return {name: self._subject.steering.then(steering) for name, steering in steerings.items()}

    def _tools(self) -> tuple[SharedForward, SteeringFactory]:
        """This thread's own copy of the policy, and what makes vectors with it."""
        if not hasattr(self._own, "tools"):
            settings = self._job.settings
            more = 1 if torch.device(settings.device).type == "cpu" else _MORE_ON_A_GPU
            forward = SharedForward(
                self._subject.module, batch_size=_BATCH_SIZES[settings.method] * more, device=settings.device
            )
            self._own.tools = forward, SteeringFactory(forward.policy)
        tools: tuple[SharedForward, SteeringFactory] = self._own.tools
        return tools
