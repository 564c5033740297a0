"""The whole of `reproduce`, on few levels and with the shipped policy."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from evaluation.reproduction import DoesNotApplyError, Verdict, reproduce
from evaluation.reproduction import run as run_module
from evaluation.reproduction.claims import all_claims
from evaluation.reproduction.lab import Lab
from steered_env import Maze
from tests.forked_command import ForkedCommand

LEVELS = [3, 38]
"""Of size 5, each with a decision square."""
SOME = ["baseline", "opposite-signs", "reachable-path"]


def test_every_claim_says_all_that_it_must() -> None:
    claims = all_claims()
    assert [claim.number for claim in claims] == list(range(1, 21))
    assert len({claim.name for claim in claims}) == 20
    for claim in claims:
        for text in (claim.title, claim.statement, claim.method, claim.criterion):
            assert len(text) > 20
        assert claim.quotations or "not at hand" in claim.statement
        for quotation in claim.quotations:
            assert 0 < len(quotation.words.split()) <= 25
            assert quotation.section
            assert quotation.source.url.startswith("https://www.lesswrong.com/posts/")
        assert "%" in claim.criterion or any(character.isdigit() for character in claim.criterion)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduction") / "run"
    steps: list[float] = []
    reproduction = reproduce("small", LEVELS, claims=SOME, out=folder, on_step=lambda step: steps.append(step.share))
    assert [claim.name for claim in reproduction.findings] == SOME
    assert steps == sorted(steps)
    assert steps[-1] == 1
    return folder


def test_what_it_writes(done: Path) -> None:
    summary = pd.read_csv(done / "summary.csv")
    assert set(summary["claim"]) == set(SOME)
    assert set(summary["outcome"]) <= {"holds", "fails", "open"}
    page = (done / "index.html").read_text(encoding="utf-8")
    without_links = re.sub(r'<a href="https:[^"]*"', "", page)
    assert "http" not in without_links.replace("http-equiv", "")  # nothing is loaded from the network
    for folder in (done / "claims").iterdir():
        finding = json.loads((folder / "finding.json").read_text(encoding="utf-8"))
        assert finding["summary"] in page.replace("&#39;", "'").replace("&lt;", "<")
        for picture in finding["pictures"]:
            assert {Path(file).suffix for file in picture["files"]} == {".png", ".svg"}
            assert all((folder / file).stat().st_size > 1000 for file in picture["files"])
        for table in finding["tables"]:
            assert len(pd.read_csv(folder / table["file"]))


def test_a_finished_run_measures_nothing_again(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in sorted((done / "claims").rglob("*.*"))}
    monkeypatch.setattr(Lab, "measure", lambda *_: pytest.fail("was measured before"))
    again = reproduce("small", LEVELS, claims=SOME, out=done)
    assert [claim.name for claim in again.findings] == SOME
    assert {path: path.read_bytes() for path in sorted((done / "claims").rglob("*.*"))} == before


def test_another_question_is_refused(done: Path) -> None:
    with pytest.raises(RuntimeError, match="with policy small, not ppo-7"):
        reproduce("ppo-7", LEVELS, claims=SOME, out=done)
    with pytest.raises(RuntimeError, match=r"with levels .*, not .*: choose another --out"):
        reproduce("small", [*LEVELS, 1], claims=SOME, out=done)
    with pytest.raises(ValueError, match=r"no claim 'nonsense'; there are baseline, .*retargeting"):
        reproduce("small", LEVELS, claims=["nonsense"], out=done)
    with pytest.raises(ValueError, match="at least one level"):
        reproduce("small", [], claims=SOME, out=done)
    with pytest.raises(ValueError, match="level 2 is named 2 times"):
        reproduce("small", [2, 3, 2], claims=SOME, out=done)


def test_a_part_of_the_claims_leaves_the_others_on_the_page(done: Path) -> None:
    before = (done / "index.html").read_text(encoding="utf-8"), (done / "summary.csv").read_text(encoding="utf-8")
    reproduction = reproduce("small", LEVELS, claims=SOME[:1], out=done)
    assert [claim.name for claim in reproduction.findings] == SOME[:1]
    after = (done / "index.html").read_text(encoding="utf-8"), (done / "summary.csv").read_text(encoding="utf-8")
    assert after[1] == before[1]
    assert after[0].count("<section") == len(SOME)


def test_levels_that_say_too_little(tmp_path: Path) -> None:
    """One maze without a decision square: no claim fails, none is judged, and the folder can be used again."""
    for _ in range(2):
        reproduction = reproduce(
            "small", [1], claims=["baseline", "opposite-signs", "random-vector", "family"], out=tmp_path
        )
        assert {stored.problem for stored in reproduction.findings.values()} == {"does not apply"}


def test_a_damaged_finding_is_measured_again(done: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(done, copy)
    (finding,) = (copy / "claims").glob("01-baseline-*/finding.json")
    finding.write_text("{")
    reproduction = reproduce("small", LEVELS, claims=SOME, out=copy)
    assert not [stored.problem for stored in reproduction.findings.values() if stored.problem]
    assert json.loads(finding.read_text(encoding="utf-8"))["made"]["version"]


def test_trouble_in_one_claim_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    baseline, *_ = all_claims()

    def broken(lab: Lab) -> None:
        raise ZeroDivisionError("of <something>")

    def senseless(lab: Lab) -> None:
        raise DoesNotApplyError("not for this mouse")

    claims = [
        replace(baseline, number=1, name="broken", measure=broken),
        replace(baseline, number=2, name="senseless", measure=senseless),
        replace(baseline, number=3),
    ]
    monkeypatch.setattr(run_module, "chosen_claims", lambda _names, **_quick: claims)
    stored = list(reproduce("small", LEVELS, out=tmp_path).findings.values())
    assert [stored.problem for stored in stored] == ["failed", "does not apply", ""]
    assert "ZeroDivisionError: of <something> (test_reproduce.py, line" in stored[0].summary
    assert stored[2].verdict in set(Verdict)
    assert "of &lt;something&gt;" in (tmp_path / "index.html").read_text(encoding="utf-8")
    mended = [replace(claim, measure=baseline.measure) for claim in claims[:2]]
    monkeypatch.setattr(run_module, "chosen_claims", lambda _names, **_quick: mended)
    assert [stored.problem for stored in reproduce("small", LEVELS, out=tmp_path).findings.values()] == ["", ""]


def test_a_changed_rule_is_a_new_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = all_claims()[0]
    reproduce("small", LEVELS, claims=[claim.name], out=tmp_path)
    measured = []
    changed = replace(claim, criterion="another 0.5", measure=lambda lab: measured.append(1) or claim.measure(lab))
    monkeypatch.setattr(run_module, "chosen_claims", lambda _names, **_quick: [changed])
    reproduce("small", LEVELS, claims=[claim.name], out=tmp_path)
    assert measured
    reading = replace(changed, other_policies=lambda: ["ppo-7"])
    monkeypatch.setattr(run_module, "chosen_claims", lambda _names, **_quick: [reading])
    reproduce("small", LEVELS, claims=[claim.name], out=tmp_path)
    assert len(measured) == 2


def test_killed_and_interrupted_it_goes_on(mazes: list[Maze], tmp_path: Path) -> None:
    small_mazes = ",".join(str(maze.level) for maze in mazes if maze.size <= 9)  # quick to measure, in many chunks
    arguments = ["reproduce", "--out", "run", "--levels", small_mazes, "--claims", "baseline"]
    command = ForkedCommand(*arguments, folder=tmp_path)
    kept = tmp_path / "run" / "measured"
    deadline = time.monotonic() + 120
    while not (kept.is_dir() and list(kept.rglob("[!.]*.parquet"))) and time.monotonic() < deadline:
        time.sleep(0.02)
    command.send_signal(signal.SIGKILL)
    assert command.finish()[0] == -signal.SIGKILL
    assert not (tmp_path / "run" / "index.html").exists()
    first = {path.name: path.stat().st_mtime_ns for path in kept.rglob("[!.]*.parquet")}
    command = ForkedCommand(*arguments, folder=tmp_path)
    while len(list(kept.rglob("[!.]*.parquet"))) == len(first):
        assert command.running
        time.sleep(0.02)
    command.send_signal(signal.SIGINT)
    line = command.stderr.readline()
    assert "0 of 1 claims" in line
    assert "are in run; the same command goes on" in line
    status, rest = command.finish()
    assert "are in run; the same command goes on" in rest  # said at once, and again when it was cleaned up
    assert status == 130
    first = {path.name: path.stat().st_mtime_ns for path in kept.rglob("[!.]*.parquet")}
    status, stderr = ForkedCommand(*arguments, folder=tmp_path).finish()
    assert status == 0, stderr
    assert (tmp_path / "run" / "index.html").is_file()
    assert first.items() <= {path.name: path.stat().st_mtime_ns for path in kept.rglob("*.parquet")}.items()
