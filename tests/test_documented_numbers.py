"""The tables in the README and in docs/ hold the numbers of the model cards, which `steered-env card` writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluation.cards.packaged_policies import policies_table

ROOT = Path(__file__).parent.parent
CARDS = ROOT / "steered_env/policy/weights"
Table = dict[str, dict[str, str]]


def table(lines: list[str]) -> Table:
    """A Markdown table by the first cell of each row, then by column; signs and code marks as the cards have them."""
    rows = [[plain(cell) for cell in line.strip().strip("|").split(" | ")] for line in lines]
    return {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[2:]}


def plain(cell: str) -> str:
    linked = re.sub(r"\[(`[^`]*`)\]\([^)]*\)", r"\1", cell.strip())
    return linked.strip("`").replace("−", "-").replace(" %", "%")


def tables(page: Path) -> Iterator[Table]:
    lines: list[str] = []
    for line in [*page.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("|"):
            lines.append(line)
        elif lines:
            yield table(lines)
            lines = []


def the_table(page: Path, *columns: str) -> Table:
    (chosen,) = (table for table in tables(page) if set(columns) <= set(next(iter(table.values()), {})))
    return chosen


def steering(name: str) -> list[Table]:
    """What steering does, from a card: in all mazes, then in those with a decision square."""
    return [table for table in tables(CARDS / f"{name}.md") if "baseline" in table]


def test_the_table_of_the_readme() -> None:
    (shown,) = [table for table in tables(ROOT / "README.md") if "baseline" in table]
    _, card = steering("small")
    assert list(shown) == list(card)
    for condition, row in shown.items():
        assert row.items() <= card[condition].items()


def test_the_page_of_policies() -> None:
    policies = policies_table().set_index("policy")
    shown = the_table(ROOT / "docs/policies.md", "trained by", "correct moves")
    assert set(shown) <= set(policies.index)
    for name, row in shown.items():
        listed = policies.loc[name].drop("seed").drop("width").drop("mazes")
        assert [cell.replace(", ", ",") for cell in list(row.values())[1:]] == listed.tolist()


def test_the_policies_of_the_readme() -> None:
    policies = policies_table().set_index("policy")
    shown = the_table(ROOT / "README.md", "network", "correct moves")
    assert {"small", "full", "small-ppo", "ppo-7"} == set(shown)
    for name, row in shown.items():
        listed = policies.loc[name]
        numbers = ["correct moves", "cheese", "Δ cheese: -cheese", "Δ top right: top_right", "Δ top right: both"]
        assert list(row.values())[3:] == [listed[number] for number in numbers]


def family() -> Table:
    return the_table(ROOT / "docs/training.md", "cheese, own mazes")


@pytest.mark.parametrize("name", family())
def test_the_family(name: str) -> None:
    row, card = family()[name], (CARDS / f"{name}.md").read_text(encoding="utf-8")
    _, apart = steering(name)
    assert f"shortest path: **{row['correct moves']}**" in card
    assert f"**{row['cheese, own mazes']}**" in card
    assert row["cheese"] == apart["baseline"]["cheese"]
    assert row["corner"] == apart["baseline"]["top right"]
    assert row["-cheese: Δ cheese"] == apart["-cheese"]["Δ cheese"]
    assert row["+top-right: Δ corner"] == apart["top_right"]["Δ top right"]
    assert row["both: Δ corner"] == apart["top_right - cheese"]["Δ top right"]


def test_small_before_and_after() -> None:
    by_size = the_table(ROOT / "docs/training.md", "moves: `small", "cheese: `small-long")
    effects = the_table(ROOT / "docs/training.md", "effect in the mazes with a decision square")
    assert len(by_size) == 13
    for name in ("small", "small-ppo", "small-long"):
        card = CARDS / f"{name}.md"
        moves, rates = the_table(card, "correct moves"), the_table(card, "cheese rate")
        moves["all"] = {
            "correct moves": re.findall(r"shortest path: \*\*(.*)\*\*", card.read_text(encoding="utf-8"))[0]
        }
        for size, row in by_size.items():
            assert row[f"moves: `{name}"] == moves[size]["correct moves"]
            assert row[f"cheese: `{name}"] == rates[size]["cheese rate"]
        _, apart = steering(name)
        assert effects["-cheese: Δ cheese"][name] == apart["-cheese"]["Δ cheese"]
        assert effects["+top-right: Δ corner"][name] == apart["top_right"]["Δ top right"]
        assert effects["both: Δ corner"][name] == apart["top_right - cheese"]["Δ top right"]
        assert effects["-random: Δ cheese"][name] == apart["-random"]["Δ cheese"]
