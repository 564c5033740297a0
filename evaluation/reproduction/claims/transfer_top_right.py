"""The top-right vector of one maze in other mazes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.reproduction.claim import Claim
from evaluation.reproduction.drawing import matrix
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Picture
from evaluation.reproduction.lab import Lab, changes
from evaluation.reproduction.texts import changes_table
from evaluation.reproduction.thresholds import EFFECT
from evaluation.reproduction.verdict import Check
from evaluation.results import DIFFERENCE, Interval, mean_interval, written
from evaluation.storage import BASELINE
from evaluation.views import fields_figure
from steered_env.simulator import WORLD_SIZE

_SOURCES = 12
_SMALL, _LARGE = 9, 15
_SHOWN = (2, 28)
_COLUMN = "reach_top_right"


def _measure(lab: Lab) -> Finding:
    sources = _sources(lab)
    targets = [level for level in lab.decision_levels if lab.mazes_of([level])[0].size < WORLD_SIZE]
    if len(targets) < 2:
        raise DoesNotApplyError("fewer than two of these levels have a decision square and a top-right vector")
    conditions = {source: f"top_right(level={source})" for source in sources}
    frame = lab.decision([BASELINE, "top_right", *conditions.values()], targets)
    effect = {source: changes(frame, condition, _COLUMN) for source, condition in conditions.items()}
    others = {source: found.drop(source, errors="ignore") for source, found in effect.items()}
    sizes = {level: lab.mazes_of([level])[0].size for level in {*sources, *targets}}
    from_first = mean_interval(others[sources[0]], within=DIFFERENCE)
    # one number for each target, over all sources: levels are what intervals are over
    over_sources = mean_interval(np.nanmean([o.reindex(targets) for o in others.values()], axis=0), within=DIFFERENCE)
    small_to_large = _small_to_large(others, sizes, targets)
    own = changes(frame, "top_right", _COLUMN)
    weaker = _difference(small_to_large, own)
    square = targets[:_SOURCES]
    cells = np.array([effect[source].reindex(square).to_numpy() for source in sources])
    return Finding(
        checks=[
            Check(f"level {sources[0]}'s vector elsewhere: change of P(reach corner)", from_first, least=EFFECT),
            Check("mean over sources, in other mazes", over_sources, least=EFFECT),
            Check(f"from sizes up to {_SMALL} to sizes from {_LARGE}, minus these mazes' own", weaker, most=-EFFECT),
        ],
        summary=f"The vector of level {sources[0]} changes P(reach corner) in other mazes by "
        f"{written(from_first, signed=True)}; vectors of {len(sources)} levels, in mazes that are not their own, by "
        f"{written(over_sources, signed=True)} on average; each maze's own vector by "
        f"{written(mean_interval(own, within=DIFFERENCE), signed=True)}. From small mazes to large ones: "
        f"{written(mean_interval(small_to_large, within=DIFFERENCE), signed=True)}, {written(weaker, signed=True)} "
        "against the large mazes' own.",
        tables={"changes": changes_table(frame, ["top_right", *conditions.values()])},
        pictures=[
            Picture(
                "matrix",
                "The change of P(reach corner) in each target when each source's vector is added.",
                matrix(
                    cells,
                    [f"{source} ({sizes[source]})" for source in sources],
                    [f"{target}\n({sizes[target]})" for target in square],
                    "target level (size)",
                    "source level (size)",
                ),
            ),
            *_shown(lab, sources[0]),
        ],
    )


def _sources(lab: Lab) -> list[int]:
    """Level 0, and the first of the lab's levels that have a vector."""
    able = [level for level in lab.levels if lab.mazes_of([level])[0].size < WORLD_SIZE]
    return list(dict.fromkeys([0, *lab.first(_SOURCES, able)]))[:_SOURCES]


def _small_to_large(others: dict[int, pd.Series[float]], sizes: dict[int, int], targets: list[int]) -> pd.Series[float]:
    """For each large target the mean over small sources; empty if there are none of either."""
    small = [found for source, found in others.items() if sizes[source] <= _SMALL]
    large = [target for target in targets if sizes[target] >= _LARGE]
    if not small or not large:
        return pd.Series(dtype=float)
    return pd.Series(np.nanmean([found.reindex(large) for found in small], axis=0), index=large)


def _difference(one: pd.Series[float], other: pd.Series[float]) -> Interval:
    """Of two changes in the same mazes."""
    return mean_interval(one - other.reindex(one.index), within=(-2, 2))


def _shown(lab: Lab, source: int) -> list[Picture]:
    pictures = []
    for level in lab.first(len(_SHOWN), _SHOWN):
        plain, steered = (field[level] for field in lab.fields([BASELINE, f"top_right(level={source})"], [level]))
        pictures.append(
            Picture(
                f"field-{level}",
                f"Level {source}'s vector in level {level}: before, after, and the difference.",
                fields_figure([plain, steered, steered.difference(plain)], policy=lab.name),
            )
        )
    return pictures


CLAIM = Claim(
    number=9,
    name="transfer-top-right",
    title="The top-right vector of one maze works in others",
    says="The vector computed in seed 0 attracts to the top right in seed 2, and up and then right in seed 28; vectors "
    "transfer across mazes, but those of small mazes can lead astray in larger ones.",
    how="Exact probability of reaching the corner in each target with each source's vector added; a level's own "
    "vector is left out of the means, and an interval is over targets.",
    rule=f"Level 0's vector in other mazes, and the mean over {_SOURCES} sources, each change P(reach corner) by at "
    f"least {EFFECT:g}; vectors of sizes up to {_SMALL} change it in mazes of size {_LARGE} and more by at least "
    f"{EFFECT:g} less than these mazes' own.",
    measure=_measure,
    cost=6,
)
