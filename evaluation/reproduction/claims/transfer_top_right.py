"""The top-right vector of one maze in other mazes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.reproduction.claim import POST, Claim, Quotation
from evaluation.reproduction.drawing import before_and_after, matrix
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab, changes
from evaluation.reproduction.tables import changes_table
from evaluation.reproduction.verdict import EFFECT, Check
from evaluation.results import DIFFERENCE, Interval, mean_interval
from evaluation.storage import BASELINE
from steered_env.simulator import WORLD_SIZE

_SOURCES = 12
_SMALL, _LARGE = 9, 15
_SHOWN = (2, 28)
_COLUMN = "reach_top_right"


def _measure(lab: Lab) -> Finding:
    sources = _sources(lab)
    targets = lab.steerable_levels()
    conditions = {source: f"top_right(level={source})" for source in sources}
    frame = lab.decision([BASELINE, "top_right", *conditions.values()], targets)
    effect = {source: changes(frame, condition, _COLUMN) for source, condition in conditions.items()}
    others = {source: changed.drop(source, errors="ignore") for source, changed in effect.items()}
    sizes = {level: lab.maze(level).size for level in {*sources, *targets}}
    from_first = mean_interval(others[sources[0]], within=DIFFERENCE)
    # one number for each target, over all sources: levels are what intervals are over
    over_sources = mean_interval(
        np.nanmean([changed.reindex(targets) for changed in others.values()], axis=0), within=DIFFERENCE
    )
    small_to_large = _small_to_large(others, sizes, targets)
    own = changes(frame, "top_right", _COLUMN)
    weaker = _difference(small_to_large, own)
    return Finding(
        checks=[
            Check(f"level {sources[0]}'s vector elsewhere: change of P(reach corner)", from_first, least=EFFECT),
            Check("mean over sources, in other mazes", over_sources, least=EFFECT),
            Check(f"from sizes up to {_SMALL} to sizes from {_LARGE}, minus these mazes' own", weaker, most=-EFFECT),
        ],
        summary=f"The vector of level {sources[0]} changes P(reach corner) in other mazes by "
        f"{from_first:+}; vectors of {len(sources)} levels, in mazes that are not their own, by "
        f"{over_sources:+} on average; each maze's own vector by "
        f"{mean_interval(own, within=DIFFERENCE):+}. From small mazes to large ones: "
        f"{mean_interval(small_to_large, within=DIFFERENCE):+}, {weaker:+} "
        "against the large mazes' own.",
        tables={"changes": changes_table(frame, ["top_right", *conditions.values()])},
        illustrations=[
            _matrix(effect, sizes, targets[:_SOURCES]),
            *_shown(lab, sources[0]),
        ],
    )


def _matrix(effect: dict[int, pd.Series[float]], sizes: dict[int, int], targets: list[int]) -> Illustration:
    """The effect of every source in the first targets."""
    figure = matrix(
        np.array([changed.reindex(targets).to_numpy() for changed in effect.values()]),
        [f"{source} ({sizes[source]})" for source in effect],
        [f"{target}\n({sizes[target]})" for target in targets],
        "target level (size)",
        "source level (size)",
    )
    caption = "The change of P(reach corner) in each target when each source's vector is added."
    return Illustration("matrix", caption, figure)


def _sources(lab: Lab) -> list[int]:
    """Level 0, and the first of the lab's levels that have a vector."""
    able = [level for level in lab.levels if lab.maze(level).size < WORLD_SIZE]
    return list(dict.fromkeys([0, *lab.first(_SOURCES, able)]))[:_SOURCES]


def _small_to_large(others: dict[int, pd.Series[float]], sizes: dict[int, int], targets: list[int]) -> pd.Series[float]:
    """Average over small sources for each large target; empty if there are none of either."""
    small = [changed for source, changed in others.items() if sizes[source] <= _SMALL]
    large = [target for target in targets if sizes[target] >= _LARGE]
    if not small or not large:
        return pd.Series(dtype=float)
    return pd.Series(np.nanmean([changed.reindex(large) for changed in small], axis=0), index=large)


def _difference(changed: pd.Series[float], other: pd.Series[float]) -> Interval:
    """The mean difference of two changes in the same mazes."""
    return mean_interval(changed - other.reindex(changed.index), within=(-2, 2))


def _shown(lab: Lab, source: int) -> list[Illustration]:
    return [
        before_and_after(lab, f"top_right(level={source})", level, f"Level {source}'s vector in level {level}")
        for level in (_SHOWN[:1] if lab.brief else _SHOWN)
    ]


CLAIM = Claim(
    number=9,
    name="transfer-top-right",
    title="The top-right vector of one maze works in others",
    statement="The vector computed in seed 0 attracts to the top right in seed 2, and up and then right in seed 28; "
    "vectors transfer across mazes, but those of small mazes can lead along strange paths in larger ones.",
    quotations=(
        Quotation(
            "Seed 0's vector seems to transfer quite well. However, top-right vectors from small mazes can cause "
            "strange pathing in larger target mazes",
            "The top-right vector transfers across mazes",
            POST,
        ),
    ),
    method="Exact probability of reaching the corner in each target with each source's vector added; a level's own "
    "vector is left out of the means, and an interval is over targets.",
    criterion=f"Level 0's vector in other mazes, and the mean over {_SOURCES} sources, each change P(reach corner) by "
    f"at least {EFFECT:g}; vectors of sizes up to {_SMALL} change it in mazes of size {_LARGE} and more by at least "
    f"{EFFECT:g} less than these mazes' own.",
    measure=_measure,
    cost=6,
)
