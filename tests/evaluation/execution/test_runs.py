"""Runs in a folder: the same bits however they came about, and no mixing of two questions."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from evaluation import Results, RunError, evaluate, sweep
from evaluation.execution import manifest_of
from evaluation.measuring import Job, Measurement, Measurer, Settings, maze_set, read_conditions, subject_of
from evaluation.storage.chunk_files import chunk_files
from evaluation.storage.folder import Progress
from evaluation.storage.listing import find_runs
from evaluation.storage.lock import locked
from steered_env import ImpalaPolicy, Maze, SteeredPolicy, Steering, cheese_vector, load_policy

LEVELS = [7, 17, 3, 1, 10]  # in 17 there is no top-right vector: chunks of one condition, or of no row at all
CONDITIONS = ["top_right", "-random"]
HOW = {
    "exact": {"horizon": 16},
    "sampled": {"method": "sampled", "episodes": 3, "horizon": 12, "seed": 4},
}


class KilledError(Exception):
    pass


def kill_at(mazes: int):
    def note(done: int, _total: int) -> None:
        if done >= mazes:
            raise KilledError

    return note


@pytest.fixture(scope="module", params=list(HOW))
def plain(request: pytest.FixtureRequest, reference_policy: ImpalaPolicy) -> tuple[str, Results]:
    return request.param, evaluate(reference_policy, LEVELS, CONDITIONS, **HOW[request.param])


@pytest.mark.parametrize(("workers", "chunk", "killed"), [(1, 3, False), (4, 1, True), (2, 100, False)])
def test_the_same_bits(
    plain: tuple[str, Results], reference_policy: ImpalaPolicy, tmp_path: Path, workers: int, chunk: int,
    killed: bool,
) -> None:  # fmt: skip
    method, results = plain
    frame, description = results.frame, results.description
    arguments = (reference_policy, LEVELS, CONDITIONS)
    if killed:
        with pytest.raises(KilledError):
            evaluate(*arguments, **HOW[method], workers=1, out=tmp_path, chunk=chunk, on_progress=kill_at(3))
        half = Results.load(tmp_path)
        assert (half.progress.done, half.progress.mazes, half.progress.finished) == (3, 5, False)
        assert str(half.progress) == "3 of 5 mazes (60%)"
        pd.testing.assert_frame_equal(half.frame, frame[frame["maze"] < 3].reset_index(drop=True), check_exact=True)
    run = evaluate(*arguments, **HOW[method], workers=workers, out=tmp_path, chunk=chunk)
    pd.testing.assert_frame_equal(run.frame, frame, check_exact=True)
    assert run.progress.finished
    assert run.description == description


@pytest.fixture(scope="module")
def done(reference_policy: ImpalaPolicy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    evaluate(reference_policy, range(3), ["baseline", "-cheese"], horizon=8, out=folder, chunk=2)
    return folder


def test_a_finished_run_measures_nothing_again(
    done: Path, reference_policy: ImpalaPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Maze, "from_levels", lambda _: pytest.fail("was measured before"))
    again = evaluate(reference_policy, range(3), ["baseline", "-cheese"], horizon=8, out=done, chunk=5)
    assert len(again.frame) == 6
    assert len(chunk_files(done / "chunks")) == 2  # it keeps the chunks it has


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"levels": range(4)}, "mazes levels 0:3, not levels 0:4"),
        ({"levels": [0, 1, 2]}, "mazes levels 0:3, not levels 0,1,2, "),
        ({"conditions": ["-cheese", "baseline"]}, "conditions baseline, -cheese, not -cheese, baseline"),
        ({"conditions": ["baseline", ("-cheese", Steering())]}, "conditions of -cheese "),
        ({"horizon": 9}, "horizon 8, not 9"),
        ({"seed": 1}, "seed 0, not 1"),
        ({"method": "sampled"}, "method exact, not sampled"),
        ({"deterministic": True}, "deterministic False, not True"),
        ({"edits": [Maze.without_cheese]}, "edits "),
    ],
)
def test_another_configuration_is_refused(
    done: Path, reference_policy: ImpalaPolicy, changed: dict, message: str
) -> None:
    given = {"levels": range(3), "conditions": ["baseline", "-cheese"], "horizon": 8, **changed}
    with pytest.raises(RunError, match=f"holds a finished run with {message}.*choose another --out, or the same"):
        evaluate(reference_policy, **given, out=done)


def test_other_weights_steering_and_versions_are_refused(done: Path, reference_policy: ImpalaPolicy) -> None:
    given = {"levels": range(3), "conditions": ["baseline", "-cheese"], "horizon": 8, "out": done}
    with pytest.raises(RunError, match=r"with weights \w+, not \w+"):
        evaluate(load_policy("small"), **given)
    vector = cheese_vector(reference_policy, Maze.from_level(1))
    with pytest.raises(RunError, match=r"with steering \w+, not \w+"):
        evaluate(SteeredPolicy(reference_policy, vector), **given)
    manifest = json.loads((done / "manifest.json").read_text(encoding="utf-8"))
    other = {**manifest, "configuration": {**manifest["configuration"], "version": {"torch": "1.0"}}}
    (done / "manifest.json").write_text(json.dumps(other))
    with pytest.raises(RunError, match=r"with version torch, not steered-env, torch, "):
        evaluate(reference_policy, **given)
    (done / "manifest.json").write_text("{")
    with pytest.raises(RunError, match=r"manifest.json cannot be read .*: restore it, or"):
        evaluate(reference_policy, **given)
    (done / "manifest.json").write_text(json.dumps(manifest))


def test_only_a_finished_run_is_replaced(done: Path, reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder)
    with pytest.raises(KilledError):
        evaluate(reference_policy, range(2), horizon=8, out=folder, chunk=1, replace=True, on_progress=kill_at(1))
    assert Results.load(folder).frame["condition"].tolist() == ["baseline"]
    with pytest.raises(RunError, match="holds an unfinished run with mazes levels 0:2, not levels 5:7"):
        evaluate(reference_policy, range(5, 7), horizon=8, out=folder, replace=True)


def test_ctrl_c_stops_at_the_next_chunk_and_says_how_to_go_on(reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    assert threading.current_thread() is threading.main_thread()

    def interrupt(done: int, _total: int) -> None:
        if done == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match=r"stopped: \d of 9 mazes .* the same command goes on from here"):
        evaluate(reference_policy, range(9), horizon=4, out=tmp_path, chunk=1, workers=1, on_progress=interrupt)
    assert 2 <= Results.load(tmp_path).progress.done <= 4  # those under way are kept
    assert evaluate(reference_policy, range(9), horizon=4, out=tmp_path).progress.finished


def test_ctrl_c_in_the_last_chunk_stops_as_well(reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    """Otherwise a command that measures in several steps would go on with the next one."""

    def interrupt(done: int, total: int) -> None:
        if done == total:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="stopped: 2 of 2 mazes"):
        evaluate(reference_policy, range(2), horizon=4, out=tmp_path, on_progress=interrupt)
    assert Results.load(tmp_path).progress.finished


def test_one_process_at_a_time(reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(RunError, match=f"is in use by process {os.getpid()} on .*: wait until"):
        evaluate(reference_policy, 1, horizon=4, out=tmp_path)
    evaluate(reference_policy, 1, horizon=4, out=tmp_path)


def test_mazes_and_functions_of_ones_own(reference_policy: ImpalaPolicy, mazes: list[Maze], tmp_path: Path) -> None:
    drawn = Maze.from_text("..C\n.#.\n>#.")
    given = {"conditions": [("made", lambda policy, maze: Steering())], "edits": [lambda maze: maze], "horizon": 8}
    run = evaluate(reference_policy, mazes=[drawn, mazes[1]], **given, out=tmp_path)
    pd.testing.assert_frame_equal(run.frame, evaluate(reference_policy, mazes=[drawn, mazes[1]], **given).frame)
    with pytest.raises(RunError, match=r"with mazes 2 mazes of the caller's, \w+, not 2 mazes of the caller's, \w+"):
        evaluate(reference_policy, mazes=[drawn, mazes[2]], **given, out=tmp_path)


def test_no_cluster_is_said_at_once(reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    with pytest.raises(RunError, match=r"no Ray cluster at '127.0.0.2:1' .*: start one with `ray start --head`"):
        evaluate(reference_policy, 1, out=tmp_path, ray="127.0.0.2:1")


def test_a_sweep_is_a_run_for_each_policy(reference_policy: ImpalaPolicy, small: ImpalaPolicy, tmp_path: Path) -> None:
    given = {"levels": range(2), "coefficients": [-1, 0], "horizon": 8}
    policies = {"reference": reference_policy, "small": small}
    kept = sweep(policies, **given, out=tmp_path)
    pd.testing.assert_frame_equal(kept, sweep(policies, **given))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00-reference", "01-small"]


def test_nothing_of_others_is_removed(reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    mine = [
        "chunks/mine.txt", "chunks/.hidden", "chunks/00000000-0123456789abcdef.parquet", "chunks/below/a.parquet",
        "chunks/00000001-0123456789abcdef.parquet/inside",
    ]  # fmt: skip
    for name in mine:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine", encoding="utf-8")
    killed = tmp_path / "chunks" / ".00000000-0123456789abcdef.0a_b2c3d.parquet"  # left by a process of ours
    killed.touch()
    given = {"horizon": 4, "out": tmp_path, "chunk": 1}
    evaluate(reference_policy, range(2), **given)
    results = evaluate(reference_policy, range(2, 5), **given, replace=True)
    assert results.frame["level"].tolist() == [2, 3, 4]
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in mine} == dict.fromkeys(mine, "mine")
    assert not killed.exists()
    assert sum(len(paths) for paths in chunk_files(tmp_path / "chunks").values()) == 3 + 1  # those replaced are gone


@pytest.mark.parametrize("name", ["lock", "manifest.json", "chunks"])
def test_files_of_others_are_not_written_over(reference_policy: ImpalaPolicy, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"name": "mine"}', encoding="utf-8")
    with pytest.raises(RunError, match=f"{name}.*choose another --out"):
        evaluate(reference_policy, 1, horizon=4, out=tmp_path)
    assert (tmp_path / name).read_text(encoding="utf-8") == '{"name": "mine"}'


def chunk_of(folder: Path, number: int) -> Path:
    (path,) = chunk_files(folder / "chunks")[number]
    return path


def as_version_0_1_0_wrote_it(folder: Path) -> None:
    """Take what it did not know out of the manifest and the chunk files, which then are called otherwise."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    del manifest["run"]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for number, (path,) in chunk_files(folder / "chunks").items():
        table = pq.read_table(path).drop_columns("error_bound").replace_schema_metadata(None)
        pq.write_table(table, path, compression="zstd")
        path.rename(path.with_name(f"{number:08d}-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}.parquet"))


@pytest.mark.parametrize("old", [False, True])
def test_chunks_of_another_run_or_number_do_not_count(
    done: Path, reference_policy: ImpalaPolicy, tmp_path: Path, old: bool
) -> None:
    other, mine = tmp_path / "other", tmp_path / "mine"
    given = {"levels": range(3), "conditions": ["baseline", "-cheese"], "horizon": 8}
    shutil.copytree(done, mine)
    if old:
        as_version_0_1_0_wrote_it(mine)
    assert Results.load(mine).progress.finished  # as it is
    assert Results.load(mine).frame["error_bound"].eq(0).all() or not old
    evaluate(reference_policy, range(5, 8), ["baseline", "-cheese"], horizon=8, out=other, chunk=2)
    first, second = chunk_of(mine, 0), chunk_of(mine, 1)
    shutil.copy(first, first.with_name(first.name.replace("00000000", "00000099")))
    shutil.copy(second, second.with_name(second.name.replace("00000001", "00000000")))
    shutil.copy(chunk_of(other, 1), mine / "chunks")
    first.unlink()
    strangers = {path.name: path.read_bytes() for path in (mine / "chunks").iterdir() if path != second}
    for progress in (Results.load(mine).progress, find_runs(mine)[0].progress):
        assert progress == Progress(1, 3)
    assert Results.load(mine).frame["maze"].tolist() == [2, 2]
    again = evaluate(reference_policy, **given, out=mine)
    not_kept_then = ["error_bound"] if old else []
    first = Results.load(done).frame
    pd.testing.assert_frame_equal(
        again.frame.drop(columns=not_kept_then), first.drop(columns=not_kept_then), check_exact=True
    )
    assert again.progress.finished
    assert strangers.items() <= {path.name: path.read_bytes() for path in (mine / "chunks").iterdir()}.items()


def test_a_run_that_names_no_tolerance_was_measured_in_every_state(
    reference_policy: ImpalaPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evaluate(reference_policy, range(2), horizon=8, tolerance=0, out=tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    del manifest["configuration"]["tolerance"]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(RunError, match="tolerance 0"):
        evaluate(reference_policy, range(2), horizon=8, out=tmp_path)
    monkeypatch.setattr(Measurer, "frame", lambda *_: pytest.fail("was measured before"))
    again = evaluate(reference_policy, range(2), horizon=8, tolerance=0, out=tmp_path)
    pd.testing.assert_frame_equal(again.frame, first.frame)


def test_mazes_that_are_not_measured_yet_are_not_called_left_out(
    reference_policy: ImpalaPolicy, tmp_path: Path
) -> None:
    with pytest.raises(KilledError):
        evaluate(
            reference_policy, [17, 0, 3, 1], CONDITIONS, horizon=4, out=tmp_path, chunk=1, workers=1,
            on_progress=kill_at(2),
        )  # fmt: skip
    half = Results.load(tmp_path)
    assert (half.progress.mazes, half.mazes) == (4, 2)
    assert half.summary()["left_out"].tolist() == [1, 0]  # in level 17 there is no such vector
    assert "2 of 4 mazes" in half.notes()
    assert "for top_right in 1 of 2 mazes" in half.notes()


class OnlyPredicts:
    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return np.zeros(len(observation), np.int64), state


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"chunk": 0}, "chunk must be ≥ 1, got 0"),
        ({"policy": OnlyPredicts(), "method": "sampled"}, "has only predict and draws its own actions"),
        ({"policy": OnlyPredicts(), "method": "sampled", "out": None, "ray": "auto"}, "would all draw the same"),
        ({"edits": [type("Edit", (), {"__call__": lambda self, maze: maze})()]}, "has no fingerprint"),
    ],
)
def test_bad_arguments(reference_policy: ImpalaPolicy, tmp_path: Path, arguments: dict, message: str) -> None:
    given = {"policy": reference_policy, "levels": 1, "out": tmp_path / "run", **arguments}
    with pytest.raises(ValueError, match=message):
        evaluate(**given)
    assert not (tmp_path / "run" / "manifest.json").exists()


def test_files_are_neither_too_many_nor_too_large(reference_policy: ImpalaPolicy) -> None:
    conditions, settings = read_conditions(["baseline"]), Settings("exact", 256, 100, 0)
    job = Job(subject_of(reference_policy, conditions, settings), conditions, (), settings)
    for mazes, chunk in ((1, 8), (5_000, 8), (100_000, 50), (10_000_000, 256)):
        assert manifest_of(Measurement(job, maze_set(range(mazes), None))).chunk == chunk


def test_a_cluster_that_is_not_there_replaces_nothing(
    done: Path, reference_policy: ImpalaPolicy, tmp_path: Path
) -> None:
    folder = shutil.copytree(done, tmp_path / "run")
    with pytest.raises(RunError, match=r"no Ray cluster at '127\.0\.0\.1:9'"):
        evaluate(reference_policy, range(2), horizon=4, out=folder, replace=True, ray="127.0.0.1:9")
    pd.testing.assert_frame_equal(Results.load(folder).frame, Results.load(done).frame)
