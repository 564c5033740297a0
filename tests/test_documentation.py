"""The Python in the README and in docs/ runs, and the commands they name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from evaluation.cli.command import app

ROOT = Path(__file__).parent.parent
LOGS = {"docs/fuzzing.md", "docs/speed.md"}
"""Written by programs, of what they did."""
PAGES = sorted({str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]} - LOGS)
SITE = ("notebooks/", "policies/", "reference/")
"""Folders that only the site has; links to them are checked where it is built."""


NUMBER = r"\d[\d,.]*"
SHORTENED = {
    "levels=range(100), conditions": "levels=[3], conditions",
    "levels=range(20), conditions": "levels=[3], conditions",
    "levels=range(4), conditions": "levels=[3], conditions",
    "range(100), [": "[3], [",
    "range(12), [": "[3, 26], [",
    "range(3), [": "[3], [",
    "range(2), [": "[3], [",
    "evaluate(policy, [0], [": "evaluate(policy, [3], [",
    "sweep(policy, [0": "sweep(policy, [3",
    "range(4), coefficients": "[3], coefficients",
    "Maze.from_levels(range(8)) if": "Maze.from_levels([3, 6]) if",
    "held_out_mazes(1000,": "held_out_mazes(3, (3, 5),",
    "range(3), vectors": "[3], vectors",
    '"videos/mine.mp4")': '"videos/mine.mp4", steps=8)',
}
"""What is measured on fewer mazes here, the same in less time."""


def python_blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", [page for page in PAGES if "```python" in (ROOT / page).read_text(encoding="utf-8")])
def test_python_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = python_blocks(page)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        for many, few in SHORTENED.items():
            block = block.replace(many, few)
        exec(compile(block, page, "exec"), names)


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_options_exist(page: str) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for command, rest in re.findall(r"`steered-env (\w+)([^`]*)`", (ROOT / page).read_text(encoding="utf-8")):
        assert command in commands
        known = {option for parameter in commands[command].params for option in parameter.opts}
        for option in re.findall(r"(?<!\S)(--[\w-]+)", rest):
            assert option in known, (command, option)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text(encoding="utf-8")):
        assert target.startswith(SITE) or ((ROOT / page).parent / target).exists(), target


def test_everybody_is_told_to_install_from_the_clone() -> None:
    """In an index of packages the name may be somebody else's."""
    sources = [path for folder in ("steered_env", "evaluation", "examples") for path in (ROOT / folder).rglob("*.py")]
    count = 0
    for path in [*sources, *ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for words in re.findall(r"pip install ([^\n`\"]*)", path.read_text(encoding="utf-8")):
            count += 1
            assert "steered" not in words, path
            assert re.search(r"(^| )'?\.", words), path
    assert count


def test_the_readme_is_a_front_page() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 1300


def test_the_speeds_of_the_readme_are_those_of_the_bench() -> None:
    section = re.search(r"^## How fast$.*?(?=^## )", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    assert section
    rows = [row for row in section[0].splitlines() if row.startswith("|")][2:]
    measured = set(re.findall(NUMBER, (ROOT / "docs/speed.md").read_text(encoding="utf-8")))
    assert len(rows) == 5
    for row in rows:
        speeds = re.findall(NUMBER, "|".join(row.split("|")[2:]))
        assert speeds
        assert set(speeds) <= measured, row
