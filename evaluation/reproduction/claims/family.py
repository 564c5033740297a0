"""Policies trained with other regions."""

from __future__ import annotations

import re

import pandas as pd

from evaluation._evaluate import evaluate
from evaluation.reproduction.claim import POST, Claim, Quotation
from evaluation.reproduction.drawing import dots, lines
from evaluation.reproduction.finding import DoesNotApplyError, Finding, Illustration
from evaluation.reproduction.lab import Lab, change, rows_of
from evaluation.reproduction.verdict import EFFECT, Check
from evaluation.results import DIFFERENCE, Interval, mean_interval
from evaluation.storage import BASELINE
from steered_env import load_policy
from steered_env.policy import packaged_policies
from steered_env.simulator import WORLD_SIZE

_CONDITIONS = (BASELINE, "-cheese", "cheese", "top_right")
_CHEESE, _CORNER = "P(reach cheese)", "P(reach corner)"
_SOUGHT = {
    _CHEESE: (BASELINE, "reach_cheese"),
    _CORNER: (BASELINE, "reach_top_right"),
    f"{_CHEESE}, −cheese": ("-cheese", "reach_cheese"),
    f"{_CORNER}, +top-right": ("top_right", "reach_top_right"),
}
_EFFECTS = {"−cheese": "-cheese", "+cheese": "cheese"}
_BEFORE, _HALF = "P(cheese | decision square)", "−cheese, less half of that"
_SIGNED = (*_EFFECTS, _HALF)
_COLUMN = "p_cheese_at_decision"
_MEMBER = re.compile(r"small-(\d+|anywhere)(-seed[12])?")
"""Further seeds are for the page of several networks."""
_DECIDED_APART = ("small-1", "small-6")
"""Those that the post says something of their own about."""
_A_GOAL = 2 * EFFECT
"""The least P(cheese | decision square) of a mouse that goes for the cheese; with less there is little to take away."""
_LEVELS = 60


def _measure(lab: Lab) -> Finding:
    if lab.policy_name not in packaged_policies():
        raise DoesNotApplyError(
            f"this claim is about networks trained with other regions, the packaged ones: it says nothing of "
            f"{lab.policy_name}, and stands on the page of small"
        )
    regions = {name: match[1] for name in packaged_policies() if (match := _MEMBER.fullmatch(name))}
    if len(set(regions.values())) < 2:
        raise DoesNotApplyError("policies trained with other regions are not in this installation: a clone has them")
    members = [name for name in regions if name in _DECIDED_APART] if lab.quick else list(regions)
    levels = lab.first(_LEVELS, lab.decision_levels)
    if len(levels) < 2:
        raise DoesNotApplyError("fewer than two mazes with a decision square among these levels")
    rows: dict[str, dict[str, Interval]] = {}
    for number, name in enumerate(members):
        rows[name] = _row(_decision_frame(lab, name, levels))
        lab.on_progress((number + 1) / len(members))
    first_seeds = {name: _region(regions[name]) for name in members if "seed" not in name}
    return Finding(
        checks=_checks(rows),
        summary=_summary(rows, lab.policy_name),
        tables={"family": _table(rows)},
        illustrations=_illustrations(rows, first_seeds),
    )


def _table(rows: dict[str, dict[str, Interval]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"policy": name, **{title: format(i, "+" if title in _SIGNED else "") for title, i in row.items()}}
            for name, row in rows.items()
        ]
    )


def _illustrations(rows: dict[str, dict[str, Interval]], first_seeds: dict[str, float]) -> list[Illustration]:
    """The figures of a family, whose members of the first seed are drawn by their region."""
    sought = {title: {n: rows[name][title] for name, n in first_seeds.items()} for title in _SOUGHT}
    effects = {title: {name: row[title] for name, row in rows.items()} for title in _EFFECTS}
    region = "n: in training the cheese lay in the top-right n×n cells"
    return [
        Illustration(
            "goals",
            "What policies seek in mazes with a decision square, by the side n of the top-right region that the "
            f"cheese lay in during training ({WORLD_SIZE}: anywhere), unsteered and with one vector.",
            lines(sought, region, "probability within 256 steps"),
        ),
        Illustration(
            "family",
            "The effect of the cheese vector in policies trained with the cheese in the top-right n×n cells.",
            dots(effects, "change of P(cheese | decision square)", zero=True),
        ),
    ]


def _row(frame: pd.DataFrame) -> dict[str, Interval]:
    before, after = (rows_of(frame, condition)[_COLUMN] for condition in (BASELINE, "-cheese"))
    return {
        **{title: mean_interval(rows_of(frame, condition)[measure]) for title, (condition, measure) in _SOUGHT.items()},
        _BEFORE: mean_interval(before),
        **{title: change(frame, condition, _COLUMN) for title, condition in _EFFECTS.items()},
        _HALF: mean_interval(after - before / 2, within=DIFFERENCE),
    }


def _seekers(rows: dict[str, dict[str, Interval]]) -> list[str]:
    """The policies that go for the cheese, so that there is something to take away."""
    return [name for name, row in rows.items() if row[_BEFORE].mean >= _A_GOAL]


def _checks(rows: dict[str, dict[str, Interval]]) -> list[Check]:
    checks = [
        Check(f"{name}: P(cheese | decision square) after −cheese, minus half of before", rows[name][_HALF], most=0.0)
        for name in _seekers(rows)
    ]
    if "small-1" in rows:
        checks.append(Check("small-1: P(reach cheese), unsteered", rows["small-1"][_CHEESE], most=EFFECT))
    if "small-6" in rows:
        checks.append(Check("small-6: adding the cheese vector", rows["small-6"]["+cheese"], least=EFFECT))
    return checks


def _summary(rows: dict[str, dict[str, Interval]], policy: str) -> str:
    seekers = _seekers(rows)
    removed = [-rows[name]["−cheese"].mean / rows[name][_BEFORE].mean for name in seekers]
    others = [name for name in rows if name not in seekers]
    elsewhere = "" if policy in rows else f"These are other networks than {policy}. "
    return (
        f"{elsewhere}Of {len(rows)} policies {len(seekers)} go for the cheese (P(cheese | decision square) at least "
        f"{_A_GOAL:g}); "
        f"subtracting its own cheese vector takes {min(removed):.0%} to {max(removed):.0%} of that away. "
        + (f"There is little to take away in {', '.join(others)}." if others else "")
        if seekers
        else f"{elsewhere}None of {len(rows)} policies goes for the cheese."
    )


def _region(name: str) -> float:
    return WORLD_SIZE if name == "anywhere" else int(name)


def _decision_frame(lab: Lab, name: str, levels: list[int]) -> pd.DataFrame:
    kept = lab.folder / name
    frame = evaluate(load_policy(name), levels, _CONDITIONS, workers=lab.workers, out=kept, replace=True).frame
    return frame.set_index(["condition", "level"]).sort_index()


CLAIM = Claim(
    number=14,
    name="family",
    title="The cheese vector works across policies trained with other regions",
    statement="Subtracting the cheese vector works for every policy trained with the cheese in the top-right n×n "
    "cells that goes out of its way for the cheese; the one for n = 1 never does, and that for n = 2 rarely; for "
    "n = 6 adding the vector makes the mouse keener on the cheese in seed 0.",
    reported="15 networks, n = 1 to 15",
    quotations=(
        Quotation(
            "works basically the same for all the agents which ever go out of their way to get cheese",
            "The cheese vector technique generalizes to other pretrained models",
            POST,
        ),
        Quotation(
            "the agent never goes out of its way for the cheese",
            "Appendix: The cheese vector replicates across pretrained models",
            POST,
        ),
    ),
    method=f"The packaged family, each with its own vectors, at the decision square of up to {_LEVELS} mazes; they are "
    "other networks than the one of this page, and of a network that is not packaged the claim says nothing.",
    criterion=f"In every policy that goes for the cheese (P(cheese | decision square) at least {_A_GOAL:g}, "
    "unsteered), −cheese takes away at least half of that; for n = 1 the unsteered mouse reaches the cheese in at "
    f"most {EFFECT:g} of these mazes; for n = 6 adding the vector changes P(cheese | decision square) by at least "
    f"{EFFECT:g}.",
    measure=_measure,
    other_policies=packaged_policies,
    cost=8,
)
