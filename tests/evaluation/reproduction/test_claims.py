"""Each claim's rule, on made-up measures: some for which it must hold, and some for which it must not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from evaluation.measuring.conditions import Condition, ConditionLike
from evaluation.reproduction import DoesNotApplyError, Finding, Verdict
from evaluation.reproduction.claims import all_claims, family, resampling, subtracting_cheese, transfer_near
from evaluation.reproduction.lab import REMOVED, Lab
from evaluation.results.results import Results
from evaluation.views.fields import VectorField
from steered_env import ImpalaPolicy
from steered_env.simulator import ACTIONS
from steered_env.steering import DEFAULT_LAYER

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = range(200)
UNSTEERED = {
    "reach_cheese": 0.7, "reach_top_right": 0.1, "reach_region": 0.2, "reach_either": 0.8,
    "p_cheese_at_decision": 0.7, "p_top_right_at_decision": 0.2,
}  # fmt: skip
Effects = Mapping[str, Mapping[str, float]]
CLAIMS = {claim.name: claim for claim in all_claims()}
QUICK = ("adding-top-right", "transfer-cheese", "family", "retargeting-channels")
"""So that no film is made, and no thousands of mazes."""
LEFT, NOTHING, RIGHT = 1, 4, 7
"""Actions; where nothing is said of a condition's field, the mouse goes left everywhere."""


class MadeUp(Lab):
    """A lab whose measures are made up: what each condition changes, and which action it takes everywhere.

    An effect whose name ends in ``by size`` is added per cell of the maze's side.
    """

    effects: Effects
    actions: Mapping[str, int]
    unlike: frozenset[int] = frozenset()
    """Levels in which the mouse goes left under `REMOVED`, whatever is said of it."""

    def decision(self, conditions: Sequence[ConditionLike], levels: Sequence[int] | None = None) -> pd.DataFrame:
        rows = []
        for condition in conditions:
            name = Condition.of(condition).name
            for level, maze in zip(self.decision_levels, self.mazes_of(self.decision_levels), strict=True):
                if name.endswith("top_right") and maze.size == 25:
                    continue
                change = self.effects.get(name, {})
                row = {
                    column: value + change.get(column, 0.0) + maze.size * change.get(f"{column} by size", 0.0)
                    for column, value in UNSTEERED.items()
                }
                rows.append({"condition": name, "level": level, "size": maze.size, **row})
        return pd.DataFrame(rows).set_index(["condition", "level"]).sort_index()

    def table(self) -> Results:
        return Results(self.decision(self.conditions).reset_index())

    def measure(self, conditions: Sequence[ConditionLike], levels: Sequence[int]) -> Results:
        return Results(pd.DataFrame({"reach_cheese": [0.5] * len(conditions)}))

    def fields(self, conditions: Sequence[str], levels: Sequence[int] | None = None) -> list[dict[int, VectorField]]:
        chosen = list(self.levels if levels is None else levels)
        return [{level: self._made_up(level, condition) for level in chosen} for condition in conditions]

    def _made_up(self, level: int, condition: str) -> VectorField:
        (maze,) = self.mazes_of([level])
        open_cells = ~maze.walls
        if maze.cheese is not None:
            open_cells[maze.cheese] = False
        probabilities: NDArray[np.float64] = np.full((*maze.walls.shape, ACTIONS), np.nan)
        action = LEFT if condition == REMOVED and level in self.unlike else self.actions.get(condition, LEFT)
        probabilities[open_cells] = np.eye(ACTIONS)[action]
        return VectorField(
            maze, condition, np.where(open_cells[:, :, None], 0.5, np.nan).repeat(2, axis=2), probabilities
        )


@pytest.fixture(scope="module")
def mazes(small: ImpalaPolicy) -> Lab:
    lab = Lab(small, LEVELS, Path())
    lab.mazes_of([*LEVELS, *range(1000, 1400)])
    return lab


def measured(
    mazes: Lab, name: str, effects: Effects, actions: Mapping[str, int] | None = None, policy: str = "small"
) -> Finding:
    claim = CLAIMS[name]
    lab = MadeUp(mazes.policy, LEVELS, Path(), claim.conditions or ("baseline",), policy, quick=name in QUICK)
    lab._mazes = mazes._mazes
    lab.effects, lab.actions = effects, actions or {}
    return claim.measure(lab)


def to_cheese(change: float) -> dict[str, float]:
    return {"p_cheese_at_decision": change, "reach_cheese": change}


def to_corner(change: float) -> dict[str, float]:
    return {"p_top_right_at_decision": change, "reach_top_right": change}


def in_layers(cheese: Mapping[str, float], corner: Mapping[str, float]) -> Effects:
    """Effects of both vectors by layer; what is not said is as in the post's layer."""
    return {
        **{f'-cheese(layer="{layer}")': to_cheese(change) for layer, change in cheese.items()},
        **{f'top_right(layer="{layer}")': to_corner(change) for layer, change in corner.items()},
    }


SOURCES = [f"top_right(level={level})" for level in LEVELS]
ELSEWHERE = dict.fromkeys(SOURCES, to_corner(0.4))
GROWING = {
    "0.5*top_right": to_corner(0.1), "top_right": to_corner(0.3), "2*top_right": to_corner(0.5),
}  # fmt: skip
CRUMBLING = {"20*top_right": NOTHING}

HOLD: dict[str, tuple[Effects, Mapping[str, int]]] = {
    "baseline": ({}, {}),
    "opposite-signs": ({}, {}),
    "random-vector": ({"-random": to_cheese(-0.5)}, {}),
    "adding-top-right": ({"top_right": to_corner(0.4)}, {}),
    "strength": (GROWING, CRUMBLING),
    "size": ({"top_right": {"reach_top_right by size": 0.02}}, {}),
    "transfer-top-right": ({**ELSEWHERE, "top_right": to_corner(0.8)}, {}),
    "transfer-cheese": ({"same place": to_cheese(-0.5), "3 to 5 cells": to_cheese(-0.2)}, {}),
    "composition": (
        {
            "-cheese": to_cheese(-0.5),
            "top_right": to_corner(0.3),
            "top_right - cheese": to_cheese(-0.6) | to_corner(0.7),
        },
        {},
    ),
    "layers": (in_layers({DEFAULT_LAYER: -0.5}, {DEFAULT_LAYER: 0.4}), {}),
    "reachable-path": ({"top_right": to_corner(0.4)}, {}),
}
DO_NOT: dict[str, tuple[Effects, Mapping[str, int]]] = {
    "baseline": ({"baseline": {"reach_cheese": 0.25}}, {}),
    "opposite-signs": (dict.fromkeys(["cheese", "-top_right"], to_cheese(0.2) | to_corner(-0.2)), {}),
    "random-vector": ({"-20*random": to_cheese(-0.5)}, {}),
    "removing-cheese": ({}, {"-cheese": LEFT, REMOVED: RIGHT}),
    "adding-top-right": ({"top_right": to_corner(-0.05)}, {}),
    "strength": (
        {
            "0.5*top_right": to_corner(0.4), "top_right": to_corner(0.3), "2*top_right": to_corner(0.0),
        },
        {"top_right": NOTHING, "10*top_right": NOTHING},
    ),
    "size": ({"top_right": {"reach_top_right by size": -0.004}}, {}),
    "transfer-top-right": (dict.fromkeys([*SOURCES, "top_right"], to_corner(0.0)), {}),
    "transfer-cheese": ({"10 cells or more": to_cheese(-0.5), "3 to 5 cells": to_cheese(-0.5)}, {}),
    "composition": (
        {"-cheese": to_cheese(-0.5), "top_right": to_corner(0.5), "top_right - cheese": to_corner(-0.1)},
        {"top_right - cheese": RIGHT},
    ),
    "layers": (in_layers({"embedder.block1.res1": -0.6}, {"embedder.block1.res1": 0.6}), {}),
    "reachable-path": ({"isolated square": {}, "open square": to_corner(0.4), "top_right": to_corner(0.4)}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOLD)
def test_it_replicates_where_it_should(mazes: Lab, name: str) -> None:
    finding = measured(mazes, name, *HOLD[name])
    assert finding.verdict is Verdict.REPLICATES, [(c.what, c.interval, c.range) for c in finding.checks]


@pytest.mark.parametrize("name", DO_NOT)
def test_it_does_not_where_it_should_not(mazes: Lab, name: str) -> None:
    finding = measured(mazes, name, *DO_NOT[name])
    assert finding.verdict is Verdict.DOES_NOT, [(c.what, c.interval, c.range) for c in finding.checks]


@pytest.mark.parametrize(("change", "after", "verdict"), [(-0.5, 0.1, "REPLICATES"), (0.1, 0.8, "DOES_NOT")])
def test_subtracting_the_cheese_vector(
    mazes: Lab, monkeypatch: pytest.MonkeyPatch, change: float, after: float, verdict: str
) -> None:
    monkeypatch.setattr(subtracting_cheese, "share_towards_cheese", lambda *_: (0.7, after))
    finding = measured(mazes, "subtracting-cheese", {"-cheese": to_cheese(change)})
    assert finding.verdict is Verdict[verdict]
    every = finding.tables["every maze"]
    assert (every["P(cheese) after"] - every["P(cheese) before"]).round(3).eq(change).all()


@pytest.mark.parametrize(("unlike", "verdict"), [(0, "PARTLY"), (40, "REPLICATES"), (160, "DOES_NOT")])
def test_removing_is_often_but_not_always_like_subtracting(
    mazes: Lab, monkeypatch: pytest.MonkeyPatch, unlike: int, verdict: str
) -> None:
    monkeypatch.setattr(MadeUp, "unlike", frozenset(LEVELS[:unlike]))
    finding = measured(mazes, "removing-cheese", {}, {"-cheese": RIGHT, REMOVED: RIGHT})
    assert finding.verdict is Verdict[verdict], [(c.what, c.interval, c.range) for c in finding.checks]


def test_the_family_says_nothing_of_a_policy_that_is_not_packaged(mazes: Lab) -> None:
    with pytest.raises(DoesNotApplyError, match=r"mouse\.pth"):
        measured(mazes, "family", {}, policy="mouse.pth")


@pytest.mark.parametrize(("minus", "plus", "verdict"), [(-0.5, 0.2, "REPLICATES"), (-0.1, 0.0, "PARTLY")])
def test_the_family(mazes: Lab, monkeypatch: pytest.MonkeyPatch, minus: float, plus: float, verdict: str) -> None:
    """The policy of n = 1 seeks no cheese: what −cheese does to it is not judged, what it does unsteered is."""

    def decision_frame(lab: MadeUp, name: str, levels: list[int]) -> pd.DataFrame:
        lab.effects = {
            "-cheese": to_cheese(minus),
            "cheese": to_cheese(plus),
            **(dict.fromkeys(["baseline", "-cheese", "cheese"], to_cheese(-0.7)) if name == "small-1" else {}),
        }
        return lab.decision(["baseline", "-cheese", "cheese", "top_right"])

    monkeypatch.setattr(family, "_decision_frame", decision_frame)
    finding = measured(mazes, "family", {})
    assert finding.verdict is Verdict[verdict]
    assert [check.what.split(":")[0] for check in finding.checks] == ["small-6", "small-1", "small-6"]
    assert "There is little to take away in small-1." in finding.summary
    assert "other networks than small." in finding.summary


NEAR_THE_WAY, FAR_OFF = 1.0, 9.0
IN_MAZES: dict[str, tuple[dict[str, float], dict[str, float]]] = {
    "transfer-near": (
        {"baseline": 0.9, "its own": 0.1, "of a near cheese": 0.3},
        {"baseline": 0.9, "its own": 0.1, "of a near cheese": 0.9},
    ),
    "all-layers": (
        {
            **{f"{name}: P(cheese | decision square)": p for name, p in (("baseline", 0.9), ("every layer", 0.1))},
            **{f"{name}: P(corner | decision square)": p for name, p in (("baseline", 0.1), ("every layer", 0.9))},
        },
        {
            **{f"{name}: P(cheese | decision square)": 0.45 for name in ("baseline", "every layer")},
            **{f"{name}: P(corner | decision square)": p for name, p in (("baseline", 0.5), ("every layer", 0.1))},
        },
    ),
    "resampling": (
        {
            "tracking channels, cheese at the same place": 0.02, "tracking channels, cheese elsewhere": 0.2,
            "other channels, cheese at the same place": 0.02, "other channels, cheese elsewhere": 0.02,
        },
        {
            "tracking channels, cheese at the same place": 0.3, "tracking channels, cheese elsewhere": 0.1,
            "other channels, cheese at the same place": 0.02, "other channels, cheese elsewhere": 0.1,
        },
    ),
}  # fmt: skip
"""What one of the claims finds in every maze, where it must hold and where it must not."""
IN_MAZES["all-layers"][0].update(
    {f"one layer, whole: P({goal} | decision square)": 0.0 for goal in ("cheese", "corner")}
)
IN_MAZES["all-layers"][1].update(
    {f"one layer, whole: P({goal} | decision square)": 0.0 for goal in ("cheese", "corner")}
)


def found_in_mazes(mazes: Lab, monkeypatch: pytest.MonkeyPatch, name: str, found: object) -> Finding:
    """The finding of a claim that finds the same in every maze."""
    for module in (resampling, transfer_near):
        monkeypatch.setattr(module, "_POOL", range(1000, 1400))
    monkeypatch.setattr(MadeUp, "each", lambda _self, levels, *_, **__: [found] * len(levels), raising=False)
    monkeypatch.setattr(Lab, "first", lambda lab, count, levels=None: list(levels or lab.levels)[:count])
    return measured(mazes, name, {})


@pytest.mark.parametrize("name", IN_MAZES)
def test_claims_about_each_maze(mazes: Lab, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for row, verdict in zip(IN_MAZES[name], (Verdict.REPLICATES, Verdict.DOES_NOT), strict=True):
        finding = found_in_mazes(mazes, monkeypatch, name, row)
        assert finding.verdict is verdict, [(c.what, c.interval, c.range) for c in finding.checks]


@pytest.mark.parametrize(("gain", "verdict"), [(0.4, "REPLICATES"), (-0.1, "DOES_NOT")])
def test_retargeting_with_several_channels(
    mazes: Lab, monkeypatch: pytest.MonkeyPatch, gain: float, verdict: str
) -> None:
    smoothing = 0.0 if gain > 0 else 0.3
    rows = [
        {
            "level": level,
            "target": "(1, 1)",
            "steps": steps,
            "nothing": 0.3,
            "the best channel": 0.3 + gain,
            "the best channel, smoothed": 0.3 + gain + smoothing,
            "the best 7": 0.3 + gain,
            "all, up to 11": 0.3 + gain + (0.2 if (steps == NEAR_THE_WAY) == (gain > 0) else 0),
            "the cheese moved there": 0.9,
        }
        for level in range(60)
        for steps in (NEAR_THE_WAY, FAR_OFF)
    ]
    finding = found_in_mazes(mazes, monkeypatch, "retargeting-channels", pd.DataFrame(rows))
    assert finding.verdict is Verdict[verdict], [(c.what, c.interval, c.range) for c in finding.checks]


def test_layers_are_compared_where_they_were_not_chosen(mazes: Lab) -> None:
    effects = in_layers({DEFAULT_LAYER: -0.5, "embedder.block1.res1": -0.3}, {DEFAULT_LAYER: 0.4})
    finding = measured(mazes, "layers", effects)
    assert "+0.50 [+0.4" in finding.summary
    assert "in embedder.block1.res1, the best other:" in finding.summary


def test_the_same_mazes_with_and_without(mazes: Lab) -> None:
    """A maze of size 25 has no top-right vector; its baseline must not count beside the others' effect."""
    finding = measured(mazes, "adding-top-right", {"top_right": to_corner(0.4)})
    assert finding.tables["rates"]["levels"].nunique() == 1
