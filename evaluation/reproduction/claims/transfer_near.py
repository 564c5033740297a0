"""A cheese vector from a maze whose cheese lies within two cells."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.measuring import SharedForward
from evaluation.reproduction.claim import COMPANION, Claim, Quotation
from evaluation.reproduction.decision import choices
from evaluation.reproduction.drawing import scatter
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Illustration
from evaluation.reproduction.lab import Lab
from evaluation.reproduction.verdict import EFFECT, Check
from evaluation.results import DIFFERENCE, mean_interval, share_interval
from evaluation.storage import BASELINE
from steered_env import Maze, Steering, cheese_vector

_POOL = range(6000, 8000)
_WITHIN = 2
_OWN, _NEAR = "its own", "of a near cheese"


def _measure(lab: Lab) -> Finding:
    pool = lab.mazes_of(_POOL[:400] if lab.quick else _POOL)
    levels = [level for level in lab.decision_levels if _source(lab.maze(level), pool) is not None]
    if len(levels) < 2:
        raise DoesNotApplyError(f"fewer than two of these levels have a maze with its cheese within {_WITHIN} cells")
    frame = pd.DataFrame(lab.each(levels, lambda forward, maze: _row(forward, maze, pool), batch=1))
    own, near = (frame[name] - frame[BASELINE] for name in (_OWN, _NEAR))
    works = own <= -EFFECT
    transfers = int((near[works] <= own[works] / 2).sum())
    if not works.any():
        raise DoesNotApplyError(f"in none of {len(levels)} mazes does its own cheese vector take {EFFECT:g} away")
    share, change = share_interval(transfers, int(works.sum())), mean_interval(near, within=DIFFERENCE)
    return Finding(
        checks=[
            Check("share of mazes where it does at least half of what their own does", share, least=0.5),
            Check("mean change of P(cheese | decision square)", change, most=-EFFECT),
        ],
        summary=f"In {len(levels)} mazes P(cheese | decision square) changes by "
        f"{mean_interval(own, within=DIFFERENCE):+} with their own cheese vector subtracted, and by {change:+} with "
        f"one of another maze with its cheese up to {_WITHIN} cells away. Of {int(works.sum())} mazes where their own "
        f"takes away at least {EFFECT:g}, the other one takes away at least half as much in {transfers}.",
        tables={"every maze": frame.round(4)},
        illustrations=[
            Illustration(
                "changes",
                "A point is a maze: what its own vector changes, and what one of a near cheese does.",
                scatter({"mazes": (own, near)}, "its own vector", "the vector of a near cheese"),
            )
        ],
    )


def _source(maze: Maze, pool: list[Maze]) -> Maze | None:
    """A maze with its cheese near, but not at the same place, drawn by the level."""
    away = np.abs(np.array([source.cheese for source in pool]) - np.array(maze.cheese)).max(axis=1)
    fitting = np.flatnonzero((away > 0) & (away <= _WITHIN))
    chosen = np.random.default_rng([20, maze.level or 0]).choice(fitting) if len(fitting) else None
    return None if chosen is None else pool[int(chosen)]


def _row(forward: SharedForward, maze: Maze, pool: list[Maze]) -> dict[str, float]:
    source = _source(maze, pool)
    assert source is not None
    conditions = {
        BASELINE: Steering(),
        _OWN: -cheese_vector(forward.policy, maze),
        _NEAR: -cheese_vector(forward.policy, source),
    }
    probabilities = {name: choice.cheese for name, choice in choices(forward, maze, conditions).items()}
    return {"level": maze.level or 0, "source": source.level or 0, **probabilities}


CLAIM = Claim(
    number=20,
    name="transfer-near",
    title="A cheese vector often works in a maze whose cheese lies up to two cells away",
    statement="A cheese vector often transfers to another maze whose cheese lies at most two cells away in either "
    "direction.",
    quotations=(
        Quotation(
            "So the cheese doesn't have to be in exactly the same spot to transfer.",
            "Transferring the cheese vector between mazes with similarly located cheese",
            COMPANION,
        ),
    ),
    method=f"For each maze with a decision square a source from levels {_POOL[0]} to {_POOL[-1]} whose cheese lies at "
    f"most {_WITHIN} rows and {_WITHIN} columns from its own, and not at the same place; its vector subtracted, "
    "P(cheese | decision square), facing left, against the unsteered one.",
    criterion=f"In at least half of the mazes where their own vector takes away at least {EFFECT:g}, that of the near "
    f"cheese takes away at least half as much; and on average it takes away at least {EFFECT:g}.",
    measure=_measure,
    cost=2,
)
