"""What claims measure with: one policy, one set of levels, and measurements that are shared and kept."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from evaluation._evaluate import evaluate
from evaluation.execution import measuring_code, worker_count
from evaluation.measuring import Condition, ConditionLike, SharedForward, SteeringFactory, one_torch_thread
from evaluation.results import DIFFERENCE, Interval, Results, mean_interval
from evaluation.storage import BASELINE
from evaluation.views import VectorField, fields_of
from steered_env import ImpalaPolicy, Maze, Steering
from steered_env.system import worker_threads

from .finding import DoesNotApplyError

_QUICK_LEVELS = 6
_FEWEST = 2
"""Mazes with a decision square; a mean over fewer has no interval."""


@dataclass
class Lab:
    """Measures for claims; the same measurement is made once, and kept in a folder across interruptions.

    Attributes:
        policy: that is measured.
        levels: the claims' own levels.
        folder: where measurements are kept, each a run of `evaluate`.
        conditions: those of the shared table.
        name: What figures call the policy.
        quick: whether claims should take fewer levels, settings and films.
        workers: threads; one for each core unless said.
        on_progress: called with the share of the present claim that is done, from 0 to 1, as far as is known.
    """

    policy: ImpalaPolicy
    levels: Sequence[int]
    folder: Path
    conditions: tuple[str, ...] = (BASELINE,)
    name: str = "policy"
    quick: bool = False
    workers: int | None = None
    on_progress: Callable[[float], None] = lambda _: None
    _tables: dict[str, Results] = field(default_factory=dict)
    _mazes: dict[int, Maze] = field(default_factory=dict)
    _fields: dict[tuple[int, str], VectorField] = field(default_factory=dict)
    _own: threading.local = field(default_factory=threading.local)

    @property
    def mazes(self) -> list[Maze]:
        """The mazes of the levels, as procgen generates them."""
        return self.mazes_of(self.levels)

    def mazes_of(self, levels: Iterable[int]) -> list[Maze]:
        """Mazes of any levels; each is generated once."""
        wanted = list(levels)
        if missing := [level for level in wanted if level not in self._mazes]:
            self._mazes.update(zip(missing, Maze.from_levels(missing), strict=True))
        return [self._mazes[level] for level in wanted]

    @property
    def decision_levels(self) -> list[int]:
        """Those levels whose maze has a decision square."""
        return [level for level, maze in zip(self.levels, self.mazes, strict=True) if maze.decision_square is not None]

    def first(self, count: int, levels: Sequence[int] | None = None) -> list[int]:
        """The first few of some levels; fewer when it is to be quick."""
        return list(self.levels if levels is None else levels)[: _QUICK_LEVELS if self.quick else count]

    def table(self) -> Results:
        """The shared table: every level under every condition that a claim said it reads."""
        return self.measure(self.conditions, self.levels)

    def measure(self, conditions: Sequence[ConditionLike], levels: Sequence[int]) -> Results:
        """Exact measures of levels under conditions; what was measured before is read from the folder.

        Args:
            conditions: expressions, which are kept, or names with functions, which are measured each time.
            levels: which.
        """
        keep = all(isinstance(condition, str) for condition in conditions)
        question = self._question(conditions, levels)
        if keep and question in self._tables:
            return self._tables[question]
        results = evaluate(
            self.policy,
            levels,
            conditions,
            workers=self.workers,
            out=self.folder / question if keep else None,
            on_progress=lambda done, total: self.on_progress(done / total),
        )
        if keep:
            self._tables[question] = results
        return results

    def _question(self, conditions: Sequence[ConditionLike], levels: Sequence[int]) -> str:
        """Changes with the code that measures, too: what other code left in the folder is no answer."""
        asked = [list(map(str, conditions)), list(levels), measuring_code(self.policy).fingerprint]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]

    def decision(self, conditions: Sequence[ConditionLike], levels: Sequence[int] | None = None) -> pd.DataFrame:
        """Measures in mazes with a decision square: one row per condition and level, indexed by both.

        Args:
            conditions: see `measure`; all in the shared table are read from there.
            levels: all of the claims' own unless said.

        Raises:
            DoesNotApplyError: if fewer than two of the levels have a decision square.
        """
        chosen = self.decision_levels if levels is None else levels
        if sum(maze.decision_square is not None for maze in self.mazes_of(chosen)) < _FEWEST:
            raise DoesNotApplyError(f"fewer than {_FEWEST} mazes with a decision square among these levels")
        shared = levels is None and set(conditions) <= set(self.conditions)
        results = self.table() if shared else self.measure(conditions, chosen)
        frame = results.with_decision_square().frame
        asked = [Condition.of(condition).name for condition in conditions]
        return frame[frame["condition"].isin(asked)].set_index(["condition", "level"]).sort_index()

    def fields(self, conditions: Sequence[str], levels: Sequence[int] | None = None) -> list[dict[int, VectorField]]:
        """For each condition the field of action probabilities in every level.

        Args:
            conditions: expressions; or `REMOVED`: nothing is steered, but the cheese is really taken out of the maze.
            levels: all of the lab's own unless said.
        """
        chosen = list(self.levels if levels is None else levels)
        missing = [level for level in chosen if any((level, c) not in self._fields for c in conditions)]
        mazes = self.mazes_of(missing)
        with one_torch_thread(), worker_threads(worker_count(self.workers)) as pool:
            made = pool.map(lambda maze: self._fields_of(maze, conditions), mazes)
            for number, (level, fields) in enumerate(zip(missing, made, strict=True)):
                self._fields.update({(level, condition): field for condition, field in fields.items()})
                self.on_progress((number + 1) / len(missing))
        return [{level: self._fields[level, condition] for level in chosen} for condition in conditions]

    def _fields_of(self, maze: Maze, conditions: Sequence[str]) -> dict[str, VectorField]:
        if not hasattr(self._own, "forward"):
            self._own.forward = self.forward()  # each thread has its own copy of the policy, for the hooks
        forward: SharedForward = self._own.forward
        steered = {c: Condition.parse(c) for c in conditions if c != REMOVED}
        steerings = {c: SteeringFactory(forward.policy).steering(condition, maze) for c, condition in steered.items()}
        fields = fields_of(forward, maze, steerings) if steerings else []
        if REMOVED in conditions:
            fields += fields_of(forward, maze.without_cheese(), {REMOVED: Steering()})
        return {field.name: field for field in fields}

    def forward(self) -> SharedForward:
        """The policy, to run many interventions on the same frames."""
        return SharedForward(self.policy)


REMOVED = "cheese removed"
"""In place of a condition: nothing is steered, but the cheese is really taken out of the maze."""


def rows_of(frame: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The rows of one condition, indexed by level.

    Args:
        frame: from `Lab.decision`, or a frame indexed by condition and level.
        condition: which; none of its rows may be there.
    """
    there = frame.index.get_level_values(0) == condition
    return frame[there].droplevel(0)


def changes(frame: pd.DataFrame, condition: str, column: str, *, against: str = BASELINE) -> pd.Series[float]:
    """What a condition changes in every level, where both have a number.

    Args:
        frame: from `Lab.decision`, or a frame indexed by condition and level.
        condition: which.
        column: a measure.
        against: the condition to subtract.
    """
    return (rows_of(frame, condition)[column] - rows_of(frame, against)[column]).dropna()


def change(frame: pd.DataFrame, condition: str, column: str, *, against: str = BASELINE) -> Interval:
    """The mean of `changes` with its interval."""
    return mean_interval(changes(frame, condition, column, against=against), within=DIFFERENCE)
