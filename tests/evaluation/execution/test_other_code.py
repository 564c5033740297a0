"""Runs know the code that measured them: another one is refused, and a comment makes no other one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import steered_env
from evaluation import Results, RunError, evaluate
from evaluation.execution.code_that_measures import measuring_modules
from evaluation.storage.listing import find_runs
from steered_env import ImpalaPolicy
from steered_env.provenance.source import modules_reached
from tests.conftest import DATA
from tests.forked_program import ForkedProgram

GIVEN = {"levels": [0, 1], "conditions": ["-cheese"], "horizon": 4, "workers": 1}
PROGRAM = f"""
import json, sys
from evaluation import RunError, evaluate
def measure(**more):
    found = evaluate({str(DATA / "reference_policy.safetensors")!r}, **{GIVEN!r}, out=sys.argv[1], **more)
    return found.description["commit"], len(found.frame)
try:
    print(json.dumps(measure()))
except RunError as error:
    print(json.dumps([str(error), *measure(other_code=True)]))
"""


class KilledError(Exception):
    pass


def kill(done: int, _total: int) -> None:
    if done:
        raise KilledError


@pytest.fixture(scope="module")
def begun(reference_policy: ImpalaPolicy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which half is measured, by the code as it is."""
    folder = tmp_path_factory.mktemp("begun")
    with pytest.raises(KilledError):
        evaluate(reference_policy, **GIVEN, out=folder, chunk=1, on_progress=kill)
    return folder


def go_on_with_changed_source(folder: Path, run: Path, file: str, before: str, after: str) -> list[str]:
    """Go on with a run in a process that imports copies of both packages, of which one file is changed."""
    for name in ("steered_env", "evaluation"):
        source = Path(steered_env.__file__).parents[1] / name
        shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("*.safetensors", "*.png", "__pycache__"))
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after))
    program = ForkedProgram(PROGRAM, str(run), folder=folder, anew=True)
    status, stderr = program.finish()
    assert status == 0, stderr
    return list(json.loads(program.stdout))


def manifest(run: Path) -> dict:
    return dict(json.loads((run / "manifest.json").read_text()))


def test_another_line_is_refused_and_goes_on_only_when_told_to(begun: Path, tmp_path: Path) -> None:
    run = shutil.copytree(begun, tmp_path / "run")
    straight, swapped = "maze, maze.without_cheese()", "maze.without_cheese(), maze"
    copy, file = tmp_path / "copy", "steered_env/steering/vectors.py"
    error, commits, rows = go_on_with_changed_source(copy, run, file, straight, swapped)
    first, second = manifest(run)["code"]
    assert first == manifest(begun)["code"][0]
    assert first["fingerprint"] != second["fingerprint"]
    assert second["commit"] is None  # the copy lies in no repository
    assert "\n" not in error
    for named in (first["commit"][:12] if first["commit"] else "unknown", "--out", "--other-code"):
        assert named in error
    assert commits.endswith("then commit unknown")
    assert rows == 2
    assert Results.load(run).description["code"] == [first["fingerprint"], second["fingerprint"]]


def test_a_comment_and_a_docstring_are_the_same_code(begun: Path, tmp_path: Path) -> None:
    run = shutil.copytree(begun, tmp_path / "run")
    straight = '"""\n    moves = _MOVES['
    commented = 'And so on."""\n    # A comment.\n    moves = _MOVES['
    copy, file = tmp_path / "copy", "steered_env/maze/moves.py"
    commits, rows = go_on_with_changed_source(copy, run, file, straight, commented)
    assert manifest(run)["code"] == manifest(begun)["code"]
    assert commits == Results.load(begun).description["commit"]
    assert rows == 2


def test_a_run_that_did_not_record_its_code_is_read_and_goes_on_when_told_to(
    begun: Path, tmp_path: Path, reference_policy: ImpalaPolicy
) -> None:
    run = shutil.copytree(begun, tmp_path / "run")
    older = {name: value for name, value in manifest(run).items() if name != "code"}
    (run / "manifest.json").write_text(json.dumps({**older, "format": 1}))
    assert Results.load(run).description["commit"] == "commit unknown"
    assert [run_found.state for run_found in find_runs(tmp_path)] == ["stopped"]
    with pytest.raises(RunError, match="--other-code"):
        evaluate(reference_policy, **GIVEN, out=run)
    results = evaluate(reference_policy, **GIVEN, out=run, other_code=True)
    assert results.description["code"] == ["unknown", manifest(begun)["code"][0]["fingerprint"]]
    pd.testing.assert_frame_equal(results.frame, evaluate(reference_policy, **GIVEN, out=run).frame)


def test_a_run_goes_on_whatever_the_number_of_the_version_where_the_code_is_the_same(
    begun: Path, tmp_path: Path, reference_policy: ImpalaPolicy
) -> None:
    run = shutil.copytree(begun, tmp_path / "run")
    before = manifest(run)
    before["configuration"]["version"]["steered-env"] = "0.1.0"
    (run / "manifest.json").write_text(json.dumps(before))
    assert len(evaluate(reference_policy, **GIVEN, out=run).frame) == 2
    assert manifest(run)["code"] == before["code"]
    assert "steered_env" not in modules_reached(measuring_modules())  # the file that holds the number


def test_a_finished_run_of_other_code_is_replaced_only_when_told_to(
    begun: Path, tmp_path: Path, reference_policy: ImpalaPolicy
) -> None:
    run = shutil.copytree(begun, tmp_path / "run")
    evaluate(reference_policy, **GIVEN, out=run)
    now = manifest(run)
    before = [{"fingerprint": "other", "commit": "f" * 40, "clean": False}]
    (run / "manifest.json").write_text(json.dumps({**now, "code": before}))
    with pytest.raises(RunError, match=f"commit {'f' * 12} with changes"):
        evaluate(reference_policy, **GIVEN, out=run)
    assert evaluate(reference_policy, **GIVEN, out=run, other_code=True).description["code"] == ["other"]
    assert manifest(run)["code"] == before  # nothing was measured
    evaluate(reference_policy, **GIVEN, out=run, replace=True)
    assert manifest(run)["code"] == now["code"]
