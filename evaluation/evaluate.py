"""`evaluate`: levels × conditions to results."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
from torch import nn

from steered_env import Maze, SteeredPolicy, Steering
from steered_env.envs import Edit, apply_edits, check_edits
from steered_env.simulator import check_level
from steered_env.steering import ActionProbabilities, Intervention

from .conditions import BASELINE, Condition, ConditionLike, SteeringFactory, SteeringMaker, read_conditions
from .exact import measure_exactly
from .measures import Measures
from .results import Results, frame_of
from .sampled import Predictor, measure_by_sampling, measure_predictor
from .shared_forward import SharedForward, module_and_steering, one_torch_thread

Method = Literal["exact", "sampled"]
HORIZON = 256
EPISODES = 100
_CHUNK = 4
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
        for name in ("horizon", "episodes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be ≥ 1, got {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"seed must be ≥ 0, got {self.seed}")


def evaluate(
    policy: nn.Module | SteeredPolicy | Predictor,
    levels: int | Sequence[int] | None = None,
    conditions: Iterable[ConditionLike] | Mapping[str, Intervention | SteeringMaker] = (BASELINE,),
    *,
    mazes: Sequence[Maze] | None = None,
    edits: Iterable[Edit] = (),
    method: Method = "exact",
    horizon: int = HORIZON,
    episodes: int | None = None,
    seed: int = 0,
    deterministic: bool = False,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Results:
    """Measure how often the mouse reaches the cheese and the top right, under several conditions.

    Example:
        >>> from evaluation import evaluate
        >>> from steered_env import load_policy
        >>> results = evaluate(load_policy(), levels=range(2), conditions=["baseline", "-cheese"])
        >>> results.frame[["level", "condition"]].values.tolist()
        [[0, 'baseline'], [0, '-cheese'], [1, 'baseline'], [1, '-cheese']]

    Args:
        policy: an `ImpalaPolicy`, any torch module with ``action_probabilities``, a `SteeredPolicy` (whose
            steering then is part of every condition), or, for sampling without steering, anything with
            Stable-Baselines3's ``predict``.
        levels: which mazes, as procgen generates them.
        conditions: expressions (see `evaluation.conditions`), or names with a `Steering` or another
            `Intervention`, or with a function ``(policy, maze) -> Intervention``.
        mazes: mazes of your own, instead of levels; episodes start as they are.
        edits: made in every maze before anything else.
        method: ``"exact"``, or ``"sampled"`` to step the simulator.
        horizon: steps within which a place must be reached.
        episodes: of each maze and condition when sampling, 100 unless said.
        seed: of the sampled actions; random vectors have a seed of their own.
        deterministic: always take the likeliest action instead of drawing one.
        workers: threads, one for each core unless said. The numbers do not depend on it.
        on_progress: called with (mazes done, mazes in all) after each chunk.

    Returns:
        The results, in the order of mazes and conditions. A condition whose vector does not exist for a maze
        has no row there.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of range, or a condition cannot be read.
    """
    settings = Settings(method, horizon, EPISODES if episodes is None else episodes, seed, deterministic)
    if episodes is not None and method == "exact":
        raise ValueError(f'episodes are for method="sampled"; the exact method draws none (got {episodes})')
    measured = read_conditions(conditions)
    job = _Job(_Subject.of(policy, measured, settings), measured, check_edits(edits), settings)
    source = _Source.of(levels, mazes)
    with one_torch_thread(), ThreadPoolExecutor(worker_count(workers)) as pool:
        rows, done = [], 0
        for chunk in pool.map(job.run, source.chunks()):
            rows += chunk
            done = min(done + _CHUNK, len(source))
            if on_progress is not None:
                on_progress(done, len(source))
    description = {
        "policy": job.subject.description,
        "conditions": [condition.name for condition in measured],
        **asdict(settings),
        "edits": [getattr(edit, "__qualname__", repr(edit)) for edit in job.edits],
    }
    return Results(frame_of(rows), description)


def worker_count(workers: int | None) -> int:
    """How many threads: those asked for, or one for each core that this process may use.

    Raises:
        ValueError: if fewer than one are asked for.
    """
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers < 1:
        raise ValueError(f"workers must be ≥ 1, got {workers}")
    return workers


@dataclass(frozen=True)
class _Source:
    """Mazes to be measured, generated a chunk at a time."""

    levels: Sequence[int] | None
    mazes: Sequence[Maze] | None

    @classmethod
    def of(cls, levels: int | Sequence[int] | None, mazes: Sequence[Maze] | None) -> _Source:
        if (levels is None) == (mazes is None):
            raise ValueError("name either levels or mazes")
        if mazes is not None:
            for maze in mazes:
                if not isinstance(maze, Maze):
                    raise TypeError(f"mazes must be Maze objects, got {type(maze).__name__}")
            source = cls(None, tuple(mazes))
        else:
            many = levels if isinstance(levels, (Sequence, np.ndarray)) else (levels,)
            ends = (many[0], many[-1]) if isinstance(many, range) and many else many
            for level in ends:
                check_level(level)  # type: ignore[arg-type]
            source = cls(many if isinstance(many, range) else tuple(int(n) for n in many), None)  # type: ignore[arg-type]
        if not len(source):
            raise ValueError("there must be at least one level or maze")
        return source

    def __len__(self) -> int:
        return len(self.mazes if self.mazes is not None else self.levels or ())

    def chunks(self) -> Iterator[tuple[int, Sequence[int] | Sequence[Maze]]]:
        """The number of each chunk's first maze, and its levels or mazes."""
        items: Iterator[Any] = iter(self.mazes if self.mazes is not None else self.levels or ())
        first = 0
        while chunk := tuple(islice(items, _CHUNK)):
            yield first, chunk
            first += len(chunk)


@dataclass(frozen=True)
class _Subject:
    """The policy that is measured."""

    module: nn.Module | None
    predictor: Predictor | None
    steering: Intervention

    @classmethod
    def of(cls, policy: Any, conditions: Sequence[Condition], settings: Settings) -> _Subject:
        module, steering = module_and_steering(policy)
        if isinstance(module, nn.Module) and isinstance(module, ActionProbabilities):
            return cls(module, None, steering)
        if not callable(getattr(policy, "predict", None)):
            raise TypeError(f"a policy needs action_probabilities or predict, got {type(policy).__name__}")
        if settings.method != "sampled":
            raise ValueError(
                f'{type(policy).__name__} has only predict: measure it with method="sampled"; the exact '
                "method needs action_probabilities"
            )
        for condition in conditions:
            if condition.terms or condition.made_by is not None:
                raise ValueError(
                    f"condition {condition.name!r} cannot steer {type(policy).__name__}, which has only "
                    f"predict: measure {BASELINE!r} alone, or give the torch module"
                )
        return cls(None, policy, Steering())

    @property
    def description(self) -> str:
        subject = self.module if self.module is not None else self.predictor
        width = getattr(subject, "width", None)
        return type(subject).__name__ + (f"(width={width})" if width else "")


class _Job:
    """What every worker does to a chunk of mazes."""

    def __init__(
        self, subject: _Subject, conditions: Sequence[Condition], edits: Sequence[Edit], settings: Settings
    ) -> None:
        self.subject, self.conditions, self.edits, self.settings = subject, conditions, edits, settings
        self._own = threading.local()
        self._one_at_a_time = threading.Lock()

    def run(self, chunk: tuple[int, Sequence[int] | Sequence[Maze]]) -> list[dict[str, Any]]:
        """The rows of one chunk."""
        first, items = chunk
        mazes = [item if isinstance(item, Maze) else None for item in items]
        generated = [maze for maze in mazes if maze is not None] or Maze.from_levels(items)  # type: ignore[arg-type]
        return [
            row
            for number, maze in enumerate(generated, first)
            for row in self._rows(number, apply_edits(maze, self.edits))
        ]

    def _rows(self, number: int, maze: Maze) -> list[dict[str, Any]]:
        square = maze.decision_square or (np.nan, np.nan)
        common = {
            "maze": number,
            "level": maze.level,
            "size": maze.size,
            "decision_row": square[0],
            "decision_col": square[1],
        }
        return [{**common, "condition": name, **asdict(measures)} for name, measures in self._measure(maze).items()]

    def _measure(self, maze: Maze) -> dict[str, Measures]:
        how = self.settings
        if self.subject.predictor is not None:
            with self._one_at_a_time:  # it may remember
                measures = measure_predictor(
                    self.subject.predictor,
                    maze,
                    horizon=how.horizon,
                    episodes=how.episodes,
                    deterministic=how.deterministic,
                )
            return {condition.name: measures for condition in self.conditions}
        forward, factory = self._tools()
        steerings = {
            name: self.subject.steering.then(steering)
            for name, steering in factory.steerings(self.conditions, maze).items()
        }
        if how.method == "exact":
            found = measure_exactly(
                forward, maze, list(steerings.values()), horizon=how.horizon, deterministic=how.deterministic
            )
        else:
            found = measure_by_sampling(
                forward,
                maze,
                steerings,
                horizon=how.horizon,
                episodes=how.episodes,
                seed=how.seed,
                deterministic=how.deterministic,
            )
        return dict(zip(steerings, found, strict=True))

    def _tools(self) -> tuple[SharedForward, SteeringFactory]:
        """This thread's own copy of the policy, so that hooks stay apart."""
        if not hasattr(self._own, "tools"):
            assert self.subject.module is not None
            forward = SharedForward(self.subject.module, batch_size=_BATCH_SIZES[self.settings.method])
            self._own.tools = forward, SteeringFactory(forward.policy)
        tools: tuple[SharedForward, SteeringFactory] = self._own.tools
        return tools
