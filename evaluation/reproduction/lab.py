"""The lab that claims measure in: one policy, one set of levels, and measurements that are shared and kept."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pandas as pd

from evaluation._evaluate import evaluate
from evaluation.execution import measuring_code, worker_count
from evaluation.measuring import Condition, ConditionLike, SharedForward, SteeringFactory, one_torch_thread
from evaluation.results import DIFFERENCE, Interval, Results, mean_interval
from evaluation.storage import BASELINE
from evaluation.views import FIELD_BATCH, VectorField, fields_of
from steered_env import ImpalaPolicy, Maze, Steering
from steered_env.simulator import WORLD_SIZE
from steered_env.system import worker_threads

from .finding import DoesNotApplyError

T = TypeVar("T")

_QUICK_LEVELS = 6
_MEMBER_LEVELS = 6
"""Levels of a claim that limits them, for each of several networks: what counts are the networks."""
_FEWEST = 2
"""Number of mazes with a decision square that a mean needs to have an interval."""

_GENERATED: dict[int, Maze] = {}
"""Mazes by level, of all labs of a process: they never change, and several networks are measured in the same ones."""


@dataclass
class Lab:
    """Measures for claims; the same measurement is made once, and kept in a folder across interruptions.

    Attributes:
        policy: The policy that is measured.
        levels: The levels that claims without needs of their own are measured on.
        folder: Folder of measurements, each a run of `evaluate`.
        conditions: Conditions of the shared table.
        policy_name: Name of the policy in figures.
        quick: Whether claims take fewer levels, conditions and films.
        member: Number of the network, from 0, among several that are measured alike; None for one by itself.
        workers: Number of threads; defaults to one per core.
        on_progress: Called with the share of the present claim that is done, from 0 to 1.
    """

    policy: ImpalaPolicy
    levels: Sequence[int]
    folder: Path
    conditions: tuple[str, ...] = (BASELINE,)
    policy_name: str = "policy"
    quick: bool = False
    member: int | None = None
    workers: int | None = None
    on_progress: Callable[[float], None] = lambda _: None
    _tables: dict[str, Results] = field(default_factory=dict)
    _mazes: dict[int, Maze] = field(default_factory=lambda: _GENERATED)
    _fields: dict[tuple[int, str], VectorField] = field(default_factory=dict)
    _own: threading.local = field(default_factory=threading.local)

    @property
    def mazes(self) -> list[Maze]:
        """The mazes of the levels, as procgen generates them."""
        return self.mazes_of(self.levels)

    def maze(self, level: int) -> Maze:
        """The maze of one level."""
        return self.mazes_of([level])[0]

    def mazes_of(self, levels: Iterable[int]) -> list[Maze]:
        """Mazes of any levels; each is generated once."""
        wanted = list(levels)
        if missing := [level for level in wanted if level not in self._mazes]:
            self._mazes.update(zip(missing, Maze.from_levels(missing), strict=True))
        return [self._mazes[level] for level in wanted]

    @property
    def decision_levels(self) -> list[int]:
        """The levels whose maze has a decision square."""
        return [level for level, maze in zip(self.levels, self.mazes, strict=True) if maze.decision_square is not None]

    def steerable_levels(self, largest: int = WORLD_SIZE - 1) -> list[int]:
        """Those of `decision_levels` whose maze is no larger; by default, those that have a top-right vector.

        Raises:
            DoesNotApplyError: if there are fewer than two.
        """
        levels = [level for level in self.decision_levels if self.maze(level).size <= largest]
        if len(levels) < _FEWEST:
            raise DoesNotApplyError(
                f"fewer than {_FEWEST} of these levels have a decision square and a size up to {largest}"
            )
        return levels

    @property
    def brief(self) -> bool:
        """Whether claims leave out films and maps, and thousands of mazes."""
        return self.quick or self.member is not None

    def first(self, count: int, levels: Sequence[int] | None = None) -> list[int]:
        """The first few of some levels; fewer when it is to be quick, or for one of several networks."""
        most = _QUICK_LEVELS if self.quick else count if self.member is None else min(count, _MEMBER_LEVELS)
        return list(self.levels if levels is None else levels)[:most]

    def table(self) -> Results:
        """The shared table: every level under every condition that a claim said it reads."""
        return self.measure(self.conditions, self.levels)

    def measure(self, conditions: Sequence[ConditionLike], levels: Sequence[int]) -> Results:
        """Exact measures of levels under conditions; what was measured before is read from the folder.

        Args:
            conditions: Expressions, whose measurements are kept, or names with functions, which are measured each time.
            levels: Levels to measure.
        """
        keep = all(isinstance(condition, str) for condition in conditions)
        question = self._question(conditions, levels)
        if keep and question in self._tables:
            return self._tables[question]
        results = evaluate(
            self.policy,
            levels,
            conditions,
            device=str(next(self.policy.parameters()).device),
            workers=self.workers,
            out=self.folder / question if keep else None,
            on_progress=lambda done, total: self.on_progress(done / total),
        )
        if keep:
            self._tables[question] = results
        return results

    def _question(self, conditions: Sequence[ConditionLike], levels: Sequence[int]) -> str:
        """Name a measurement; the code that measures counts, since other code may give other numbers."""
        asked = [list(map(str, conditions)), list(levels), measuring_code(self.policy).fingerprint]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]

    def decision(self, conditions: Sequence[ConditionLike], levels: Sequence[int] | None = None) -> pd.DataFrame:
        """Measures in mazes with a decision square: one row per condition and level, indexed by both.

        Args:
            conditions: As for `measure`; conditions of the shared table are read from there.
            levels: Levels to measure; defaults to all of the lab's levels with a decision square.

        Raises:
            DoesNotApplyError: if fewer than two of the levels have a decision square.
        """
        chosen = self.decision_levels if levels is None else levels
        if sum(maze.decision_square is not None for maze in self.mazes_of(chosen)) < _FEWEST:
            raise DoesNotApplyError(f"fewer than {_FEWEST} mazes with a decision square among these levels")
        shared = levels is None and set(conditions) <= set(self.conditions)
        results = self.table() if shared else self.measure(conditions, chosen)
        frame = results.with_decision_square().frame
        names = [Condition.of(condition).name for condition in conditions]
        return frame[frame["condition"].isin(names)].set_index(["condition", "level"]).sort_index()

    def fields(self, conditions: Sequence[str], levels: Sequence[int] | None = None) -> list[dict[int, VectorField]]:
        """The vector field of every level, for each condition.

        Args:
            conditions: Expressions, or `REMOVED`.
            levels: Levels to measure; defaults to all of the lab's.
        """
        chosen = list(self.levels if levels is None else levels)
        missing = [level for level in chosen if any((level, name) not in self._fields for name in conditions)]
        measured = self.each(missing, lambda forward, maze: _fields(forward, maze, conditions))
        for level, fields in zip(missing, measured, strict=True):
            self._fields.update({(level, condition): field for condition, field in fields.items()})
        return [{level: self._fields[level, condition] for level in chosen} for condition in conditions]

    def each(
        self, levels: Sequence[int], measure: Callable[[SharedForward, Maze], T], *, batch: int = FIELD_BATCH
    ) -> list[T]:
        """Measure every maze of some levels by a function, in threads.

        Args:
            levels: The levels.
            measure: Called with the policy and a maze; each thread has its own copy of the policy, for the hooks.
            batch: Observations in every forward pass.
        """
        results = []
        with one_torch_thread(), worker_threads(worker_count(self.workers)) as pool:
            for result in pool.map(lambda maze: measure(self._forward_here(batch), maze), self.mazes_of(levels)):
                results.append(result)
                self.on_progress(len(results) / len(levels))
        return results

    def _forward_here(self, batch: int) -> SharedForward:
        """This thread's own copy of the policy."""
        kept: dict[int, SharedForward] = self._own.__dict__.setdefault("forwards", {})
        if batch not in kept:
            kept[batch] = SharedForward(self.policy, batch_size=batch)
        return kept[batch]

    def forward(self) -> SharedForward:
        """The policy, to run many interventions on the same observations."""
        return SharedForward(self.policy)


REMOVED = "cheese removed"
"""Stands for a condition under which nothing is steered, but the cheese is really taken out of the maze."""


def _fields(forward: SharedForward, maze: Maze, conditions: Sequence[str]) -> dict[str, VectorField]:
    factory = SteeringFactory(forward.policy)
    steerings = {name: factory.steering(Condition.parse(name), maze) for name in conditions if name != REMOVED}
    fields = fields_of(forward, maze, steerings) if steerings else []
    if REMOVED in conditions:
        fields += fields_of(forward, maze.without_cheese(), {REMOVED: Steering()})
    return {field.name: field for field in fields}


def rows_of(frame: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The rows of one condition, indexed by level.

    Args:
        frame: A table indexed by condition and level, as `Lab.decision` gives it.
        condition: Name of the condition; it may have no rows.
    """
    (code,) = frame.index.levels[0].get_indexer([condition])  # type: ignore[attr-defined]
    return frame[frame.index.codes[0] == code].droplevel(0)  # type: ignore[attr-defined]


def changes(frame: pd.DataFrame, condition: str, column: str, *, against: str = BASELINE) -> pd.Series[float]:
    """Subtract from the numbers of a condition those of another one, level by level, where both have a number.

    Args:
        frame: A table indexed by condition and level, as `Lab.decision` gives it.
        condition: Name of the condition.
        column: Name of the measure.
        against: Name of the condition to compare with.
    """
    return (rows_of(frame, condition)[column] - rows_of(frame, against)[column]).dropna()


def change(frame: pd.DataFrame, condition: str, column: str, *, against: str = BASELINE) -> Interval:
    """The mean of `changes` with its interval."""
    return mean_interval(changes(frame, condition, column, against=against), within=DIFFERENCE)
