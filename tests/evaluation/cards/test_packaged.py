"""Every packaged policy is what its card says."""

from __future__ import annotations

import re
from importlib import resources

import numpy as np
import pytest
from typer.testing import CliRunner

from evaluation import evaluate
from evaluation.cards.measurements import MEASURED
from evaluation.cards.packaged_policies import policies_table
from evaluation.cli.command import app
from steered_env import Maze, load_policy
from steered_env.policy.checkpoint import packaged_policies, read_metadata

SMALLEST = 2
"""So many of the mazes in the card, where measuring takes least."""
WEIGHTS = resources.files("steered_env.policy") / "weights"


@pytest.mark.parametrize("name", packaged_policies())
def test_its_numbers_hold(name: str) -> None:
    policy, stored = load_policy(name), read_metadata(name)[MEASURED]
    rates = stored["rates"]
    assert len(rates) >= 12
    levels = list(dict.fromkeys(level for level, *_ in rates))
    small = sorted(Maze.from_levels(levels), key=lambda maze: maze.size)[:SMALLEST]
    conditions = list(dict.fromkeys(condition for _, condition, *_ in rates))
    frame = evaluate(policy, [maze.level for maze in small], conditions).frame.set_index(["level", "condition"])
    shown = [row for row in rates if row[0] in {maze.level for maze in small}]
    assert len(frame) == len(shown) > len(conditions)
    for level, condition, cheese, top_right in shown:
        now = frame.loc[(level, condition)]
        for number, measure in ((cheese, "reach_cheese"), (top_right, "reach_top_right")):
            expected = np.nan if number is None else number
            assert now[measure] == pytest.approx(expected, abs=1e-4, nan_ok=True), (level, condition, measure)


@pytest.mark.parametrize("name", packaged_policies())
def test_its_card_and_curve_are_there(name: str) -> None:
    card = (WEIGHTS / f"{name}.md").read_text(encoding="utf-8")
    stored = read_metadata(name)[MEASURED]
    assert f"**{stored['move_accuracy']:.1%}**" in card
    assert f"**{stored['cheese_rate'][0]:.3f}**" in card
    assert re.search(rf"`steered-env train (--recipe {name}`|.*--out runs/{name} )", card)
    for end in ("-curve.csv", "-curve.png"):
        assert (WEIGHTS / f"{name}{end}").is_file()


def test_smaller_numbers_come_first() -> None:
    numbered = [int(name.split("-")[1]) for name in packaged_policies() if re.fullmatch(r"small-\d+", name)]
    assert numbered == sorted(numbered)
    assert packaged_policies().index("small") < packaged_policies().index("small-5")


@pytest.mark.parametrize("name", packaged_policies())
def test_its_changes_are_those_of_its_card(name: str) -> None:
    stored = read_metadata(name)[MEASURED]["effects"]
    card = (WEIGHTS / f"{name}.md").read_text(encoding="utf-8")
    rows = card[card.index("mazes with a decision square:") :].splitlines()
    for condition in ("-cheese", "top_right", "top_right - cheese", "-random"):
        cells = next(row for row in rows if row.startswith(f"| {condition} |")).split(" | ")
        for cell, measure in zip(cells[-2:], ("reach_cheese", "reach_top_right"), strict=True):
            assert float(cell.split()[0]) == pytest.approx(stored[condition][f"{measure}_difference"], abs=0.005 + 1e-9)


def test_all_are_listed_with_their_effects() -> None:
    table = policies_table().set_index("policy")
    assert tuple(table.index) == packaged_policies()
    assert not (table == "–").any(axis=None)
    assert table.loc["small", "region"] == "5"
    assert float(table.loc["small", "Δ cheese: -cheese"]) < -0.4
    printed = CliRunner().invoke(app, ["policies", "--markdown"])
    lines = printed.stdout.splitlines()
    assert lines[0].startswith("| policy | trained by |")
    assert [line.split(" | ")[0][2:] for line in lines[2:]] == list(packaged_policies())
