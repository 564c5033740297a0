"""The cheese vector of one maze in other mazes."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from torch import nn

from evaluation.reproduction.claim import COMPANION, Claim, Quotation
from evaluation.reproduction.drawing import dots
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab, change
from evaluation.reproduction.tables import changes_table
from evaluation.reproduction.verdict import EFFECT, LITTLE, Check
from evaluation.storage import BASELINE
from steered_env import Maze, Steering, VectorError, cheese_vector

_POOL = range(1000, 3000)
_BINS = {"same place": (0.0, 0.0), "1 to 2 cells": (0.5, 2.5), "3 to 5 cells": (2.5, 5.5), "6 to 9 cells": (5.5, 9.5)}
_MIDDLE = "3 to 5 cells"
_FAR = "10 cells or more"
_ALL = {**_BINS, _FAR: (9.5, math.inf)}
_COLUMN = "p_cheese_at_decision"
_POST_PAIRS = ((0, 3), (0, 795))


def _measure(lab: Lab) -> Finding:
    targets = lab.decision_levels
    pool = lab.mazes_of(_POOL[:400] if lab.quick else _POOL)
    conditions = [(name, _from_source(pool, least, most)) for name, (least, most) in _ALL.items()]
    frame = lab.decision([BASELINE, "-cheese", *conditions], targets)
    by_distance = {name: change(frame, name, _COLUMN) for name in _ALL}
    own = change(frame, "-cheese", _COLUMN)
    pairs = _pairs(lab)
    return Finding(
        checks=[
            Check("far source: change of P(cheese | decision square)", by_distance[_FAR], -LITTLE, LITTLE),
            Check("source with the cheese at the same place: change", by_distance["same place"], most=-EFFECT),
            Check("same place minus far", change(frame, "same place", _COLUMN, against=_FAR), most=-EFFECT),
            Check(f"same place minus {_MIDDLE}", change(frame, "same place", _COLUMN, against=_MIDDLE), most=-EFFECT),
        ],
        summary="Each maze's own cheese vector, subtracted, changes P(cheese | decision square) by "
        f"{own:+}; one from another maze with its cheese at the same place by "
        f"{by_distance['same place']:+}; one whose cheese lies {_MIDDLE} away by "
        f"{by_distance[_MIDDLE]:+}, {_FAR} away by {by_distance[_FAR]:+}.",
        tables={"changes": changes_table(frame, ["-cheese", *_ALL]), "the post's own pairs": pairs},
        illustrations=[
            Illustration(
                "distances",
                "The effect of another maze's cheese vector, by the distance between the two cheeses.",
                dots({"": {"its own": own, **by_distance}}, "change of P(cheese | decision square)", zero=True),
            )
        ],
    )


def _from_source(pool: list[Maze], least: float, most: float) -> Callable[[nn.Module, Maze], Steering]:
    places = np.array([maze.cheese for maze in pool], np.float64)

    def subtract(policy: nn.Module, maze: Maze) -> Steering:
        away = np.hypot(*(places - np.array(maze.cheese)).T)
        other = np.array([source.level != maze.level for source in pool])
        fitting = np.flatnonzero((away >= least) & (away <= most) & other)
        if not len(fitting):
            raise VectorError(f"no source for {maze!r}")
        chosen = np.random.default_rng([0, maze.level or 0]).choice(fitting)
        return -cheese_vector(policy, pool[int(chosen)])

    return subtract


def _pairs(lab: Lab) -> pd.DataFrame:
    rows = []
    for source, target in _POST_PAIRS:
        condition = f"-cheese(level={source})"
        names = (BASELINE, "its own vector", "the source's vector")
        rates = lab.measure([BASELINE, "-cheese", condition], [target]).frame["reach_cheese"]
        cheeses = [maze.cheese for maze in lab.mazes_of([source, target])]
        rows.append(
            {
                "source": source,
                "target": target,
                "cheese in source": str(cheeses[0]),
                "cheese in target": str(cheeses[1]),
                **{f"P(reach cheese), {name}": round(float(rate), 3) for name, rate in zip(names, rates, strict=True)},
            }
        )
    return pd.DataFrame(rows)


CLAIM = Claim(
    number=10,
    name="transfer-cheese",
    title="A cheese vector transfers to a maze with its cheese at the same place, and fades with distance",
    statement="One maze's cheese vector usually does not work in another (seed 0 to 3 fails), but does when the two "
    "cheeses lie at the same place (0 to 795), and often when they are up to two cells apart in either direction, "
    "which is measured here but not judged. That the effect fades with distance is this page's way of asking.",
    quotations=(
        Quotation(
            "The cheese vector from seed A usually doesn't work on seed B",
            "The cheese vector from seed A usually doesn't work on seed B",
            COMPANION,
        ),
        Quotation(
            "a cheese vector will transfer across mazes as long as cheese is in the same location in both mazes",
            "Transferring the cheese vector between mazes with similarly located cheese",
            COMPANION,
        ),
    ),
    method=f"For each maze with a decision square, sources drawn from levels {_POOL[0]} to {_POOL[-1]} by the "
    "distance of their cheese to its own; their vector subtracted, P(cheese | decision square) against the baseline.",
    criterion=f"At 10 cells or more the mean change lies, with its whole interval, within {LITTLE:g} of 0; at the "
    f"same place it is at most −{EFFECT:g}, and lower by at least {EFFECT:g} than at 10 cells or more and than at "
    f"{_MIDDLE}.",
    measure=_measure,
    cost=4,
)
