from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from evaluation import Results
from evaluation.cli.terminal_table import print_frame, print_table
from evaluation.results.console import terminal
from evaluation.storage.schema import frame_of


def row(maze: int, condition: str, cheese: float, *, square: bool = True) -> dict[str, object]:
    return {
        "maze": maze, "level": maze, "size": 13, "condition": condition, "reach_cheese": cheese,
        "reach_top_right": 1 - cheese, "reach_region": np.nan, "decision_row": 3.0 if square else np.nan,
        "decision_col": 4.0 if square else np.nan, "p_cheese_at_decision": 0.5, "p_top_right_at_decision": 0.25,
        "episodes": 0,
    }  # fmt: skip


@pytest.fixture
def results() -> Results:
    rows = [
        *(row(maze, "baseline", value, square=maze != 2) for maze, value in enumerate([0.2, 0.9, 0.4])),
        *(row(maze, 'odd, "name"', value) for maze, value in ((0, 0.1), (1, 0.3))),
    ]
    return Results(frame_of(rows), {"conditions": ["baseline", 'odd, "name"', "never"], "horizon": 256, "mazes": 4})


def test_summary_compares_only_mazes_that_have_both(results: Results) -> None:
    summary = results.summary().set_index("condition")
    assert summary.index.tolist() == ["baseline", 'odd, "name"', "never"]
    assert summary["levels"].tolist() == [3, 2, 0]
    assert summary["left_out"].tolist() == [1, 2, 4]
    assert summary["reach_cheese_levels"].tolist() == [3, 2, 0]
    assert summary["reach_region_levels"].tolist() == [0, 0, 0]
    assert np.isnan(summary.loc["never", "reach_cheese"])
    assert summary.loc["baseline", "reach_cheese"] == pytest.approx(0.5)
    other = summary.loc['odd, "name"']
    assert other["reach_cheese_difference"] == pytest.approx(np.mean([0.1 - 0.2, 0.3 - 0.9]))
    assert other["reach_cheese_paired"] == 2
    assert other["reach_region_paired"] == 0
    assert np.isnan(other["reach_region"])
    assert other["reach_cheese_low"] <= other["reach_cheese"] <= other["reach_cheese_high"]
    assert np.isnan(summary.loc["baseline", "reach_cheese_difference"])


def test_what_the_numbers_stand_on_is_said(results: Results) -> None:
    assert results.notes() == (
        'no vector for baseline in 1 of 4 mazes; no vector for odd, "name" in 2 of 4 mazes; no vector for never in 4 '
        "of 4 mazes; top-right 5×5: in the 0 of 3 mazes where the cheese lies elsewhere"
    )
    rows = [{**row(maze, "baseline", 0.5), "reach_region": 0.5} for maze in range(2)]
    assert Results(frame_of(rows)).notes() == ""
    conditions = ("baseline", "a", "b")
    alike = Results(frame_of(rows[:1] + [row(1, name, 0.5) for name in conditions]), {"conditions": conditions})
    assert alike.notes().startswith("no vector for a and b in 1 of 2 mazes; ")


def test_decision_squares_alone(results: Results) -> None:
    part = results.with_decision_square()
    assert part.frame["maze"].tolist() == [0, 1, 0, 1]
    assert (results.mazes, part.mazes) == (4, 2)
    assert "P(to cheese)" in part.table()
    assert "P(to cheese)" not in results.table()  # it would be of two of the mazes alone


def test_save_and_load(results: Results, tmp_path: Path) -> None:
    results.save(tmp_path / "a" / "b")
    again = Results.load(tmp_path / "a" / "b")
    pd.testing.assert_frame_equal(again.frame, results.frame, check_exact=True)
    assert again.description == results.description
    summary = pd.read_csv(tmp_path / "a" / "b" / "summary.csv")
    assert summary["condition"].tolist() == ["baseline", 'odd, "name"', "never"]
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == [
        "evaluation.json", "results.csv", "summary.csv",
    ]  # fmt: skip


ODD_NAMES = (
    "0", "-1", "None", "NA", "nan", "", "1e5", " spaces ", "a,b", 'say "so"', "two\nlines", "\r", "#", "🧀", "True",
)  # fmt: skip
NAMES = st.one_of(
    st.sampled_from(ODD_NAMES),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
)
NUMBERS = st.one_of(st.floats(0, 1), st.just(np.nan), st.just(-0.0), st.just(5e-324))


@given(
    names=st.lists(NAMES, min_size=1, max_size=4, unique=True),
    numbers=st.lists(NUMBERS, min_size=4, max_size=4),
    level=st.one_of(st.none(), st.integers(0, 2**31 - 2)),
)
@example([*ODD_NAMES], [0.1, np.nan, -0.0, 5e-324] * 4, None)
@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_whatever_conditions_are_called_they_come_back(
    names: list[str], numbers: list[float], level: int | None
) -> None:
    rows = [{**row(maze, name, numbers[maze]), "level": level} for maze, name in enumerate(names)]
    before = Results(frame_of(rows), {"conditions": names, "mazes": len(names)})
    with tempfile.TemporaryDirectory() as folder:
        before.save(folder)
        after = Results.load(folder)
    pd.testing.assert_frame_equal(after.frame, before.frame, check_exact=True)
    assert [type(name) for name in after.frame["condition"]] == [str] * len(names)
    assert after.conditions == names
    bits = [part.frame.select_dtypes("float64").to_numpy().tobytes() for part in (before, after)]
    assert bits[0] == bits[1]


def test_nobody_elses_files_are_written_over(results: Results, tmp_path: Path) -> None:
    (tmp_path / "summary.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"summary.csv"):
        results.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.csv"]
    assert (tmp_path / "summary.csv").read_text(encoding="utf-8") == "mine"
    (tmp_path / "summary.csv").unlink()
    for _ in range(2):  # its own it writes anew
        results.save(tmp_path)


def test_bad_folders(results: Results, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in ("file", "file/below"):
        with pytest.raises(NotADirectoryError, match="is a file: name a folder"):
            results.save(tmp_path / folder)
    with pytest.raises(FileNotFoundError, match="holds no results"):
        Results.load(tmp_path)


def test_markdown(results: Results) -> None:
    lines = results.to_markdown().splitlines()
    assert lines[0].startswith("| condition | levels | cheese | top right |")
    assert lines[2].startswith("| baseline | 3 | 0.50 [")
    assert "| -0.35 [-0.75, +0.54] |" in lines[3]
    assert len({line.count("|") for line in lines}) == 1


def test_in_a_terminal_of_any_width(results: Results) -> None:
    for width, dropped in ((80, True), (200, False)):
        console = Console(width=width, record=True, file=open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115
        print_table(console, results.with_decision_square(), "All")
        text = console.export_text()
        assert "0.55" in text
        assert "…" not in text
        assert ("P(to cheese)" not in text) is dropped
        assert max(len(line.rstrip()) for line in text.splitlines()) <= width


def test_names_stand_in_a_terminal_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["[x]", ":smile:", "[/bold]", "a[red]b"]
    frame = pd.DataFrame(dict.fromkeys(["[/x]", ":cheese:"], names))
    print_frame(terminal(), frame, "[/y] :mouse:")
    printed = capsys.readouterr().out
    assert all(name in printed for name in [*names, "[/x]", ":cheese:", "[/y] :mouse:"])
