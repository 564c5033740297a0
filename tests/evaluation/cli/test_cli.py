"""The command, run as a user runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from evaluation import evaluate
from evaluation.cards import held_out_mazes, held_out_rates
from evaluation.cli.command import main
from evaluation.cli.parsing import parse_levels
from evaluation.reproduction import all_claims
from steered_env import ImpalaPolicy, Maze, Steering, __version__, cheese_vector
from steered_env.policy import read_metadata
from steered_env.provenance import commit_described
from steered_env.steering import DEFAULT_LAYER
from steered_env.training import PPOConfig, RunConfig, TrainingConfig, config_fields, move_accuracy
from steered_env.training.imitation import training as imitation
from tests.forked_command import ForkedCommand
from tests.forked_program import ForkedProgram


@pytest.fixture
def run_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command in this process, which has everything imported, and in the test's folder."""

    def run_here(*arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["steered-env", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(end.value.code or 0), printed.out, printed.err)

    return run_here


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("steered-env")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300)


def test_table(run_here: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    done = run_here("table", "--levels", "29:32", "-c", "baseline", "-c", "-cheese", "--out", "here/out")
    assert done.returncode == 0, done.stderr
    assert "All mazes: 3" in done.stdout
    assert "95 % intervals over mazes; Δ: paired difference to the baseline; more in" in done.stdout
    out = tmp_path / "here" / "out"
    assert {path.name for path in out.iterdir()} == {
        "table.md", "figure.png", "results.csv", "summary.csv", "evaluation.json", "manifest.json", "lock", "chunks",
    }  # fmt: skip
    assert len(pd.read_csv(out / "results.csv")) == 6
    assert "-cheese" in (out / "table.md").read_text(encoding="utf-8")
    done = run_here("table", "--levels", "29:33", "--out", "here/out")
    assert (done.returncode, "holds a finished run with mazes levels 29:32, not levels 29:33" in done.stderr) == (
        1,
        True,
    )
    done = run_here("runs", "here")
    assert "finished 3 of 3 mazes (100%)" in done.stdout
    assert "small: ImpalaPolicy(width=1)" in done.stdout


def test_video_and_field(run_here: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    done = run_here("video", "--level", "3", "--condition=-cheese", "--steps", "5", "--panel", "64")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "videos" / "level-3.mp4").stat().st_size > 1000
    assert "left out" not in done.stdout
    done = run_here("video", "--level", "17", "--steps", "2", "--panel", "64", "--out", "largest.gif")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "left out, since level 17 has no such vector: top_right, top_right - cheese\nbaseline: "
    )
    done = run_here("field", "--level", "3", "-c=top_right", "--out", "field.svg")
    assert done.returncode == 0, done.stderr
    assert "<svg" in (tmp_path / "field.svg").read_text(encoding="utf-8")


def test_steerings_and_mazes_from_files(
    run_here: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, small: ImpalaPolicy
) -> None:
    mazes = {f"my-{maze.level}": maze for maze in Maze.from_levels([1, 10])}
    for name, maze in mazes.items():
        (tmp_path / f"{name}.txt").write_text(str(maze), encoding="utf-8")
    first = next(iter(mazes.values()))
    cheese_vector(small, first).save(tmp_path / "vector.safetensors")
    files = [word for name in mazes for word in ("--maze", f"{name}.txt")]
    mine = ["--steering", "mine=vector.safetensors"]
    done = run_here("table", *files, *mine, "-c", "baseline", "-c=-2*mine", "-c=unit(mine) - cheese", "--horizon", "8")
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(tmp_path / "results" / "table" / "results.csv")
    vectors = {"mine": cheese_vector(small, first)}
    same = evaluate(small, None, frame["condition"].unique(), mazes=list(mazes.values()), vectors=vectors, horizon=8)
    assert np.allclose(frame["reach_cheese"], same.frame["reach_cheese"], atol=1e-9)
    assert len(frame) == 3 * len(mazes)
    done = run_here("video", *files[:4], *mine, "--steps", "2", "--panel", "64")
    assert done.returncode == 0, done.stderr
    assert "mine: reached" in done.stdout
    done = run_here("field", *files[:4], *mine)
    assert done.returncode == 0, done.stderr
    for name in list(mazes)[:2]:
        assert (tmp_path / "videos" / f"{name}.mp4").exists()
        assert (tmp_path / "results" / f"field-{name}.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["table", "--steering", "mine"], "NAME=FILE"),
        (["table", "--steering", "cheese=vector.safetensors"], "meaning already"),
        (["table", "--steering", "a=vector.safetensors", "--steering", "a=vector.safetensors"], "two steerings"),
        (["video", "--steering", "mine=none.safetensors"], "none.safetensors"),
        (["field", "--steering", "mine=maze.txt"], "not a whole safetensors file"),
        (["field", "--maze", "broken.txt"], "broken.txt"),
        (["field", "--maze", "maze.txt", "--level", "3"], "either --level or --maze"),
        (["play", "--maze", "maze.txt", "--level", "3"], "either --level or --maze"),
        (["play", "--maze", "broken.txt"], "broken.txt"),
        (["play", "--policy", "nowhere.pth"], "nowhere.pth"),
        (["table", "--maze", "maze.txt", "--levels", "3"], "either --levels or --maze"),
        (["video", "--maze", "maze.txt", "--maze", "other.txt", "--out", "x.gif"], "leave --out out"),
        (["video", "--maze", "maze.txt", "--maze", "maze.txt"], "two mazes are called 'maze'"),
        (["table", "--maze", "none.txt"], "none.txt"),
    ],
)
def test_bad_files(
    run_here: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, arguments: list[str], message: str
) -> None:
    Steering({DEFAULT_LAYER: torch.ones(32, 1, 1)}).save(tmp_path / "vector.safetensors")
    for name in ("maze", "other"):
        (tmp_path / f"{name}.txt").write_text(str(Maze.from_level(1)), encoding="utf-8")
    (tmp_path / "broken.txt").write_text("no maze at all", encoding="utf-8")
    done = run_here(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_train_card_and_table_of_the_new_policy(
    run_here: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imitation, "move_accuracy", lambda p, **k: move_accuracy(p, levels=range(8), **k))
    monkeypatch.setattr(held_out_rates, "held_out_mazes", lambda count, _, **k: held_out_mazes(count, (3, 5), **k))
    few = ["--batch-size", "16", "--rate-levels", "2", "--seed", "5"]
    arguments = ("train", "--out", "run", "--examples", "64", *few)
    done = run_here(*arguments)
    assert done.returncode == 0, done.stderr
    assert "correct moves" in done.stderr
    curve = pd.read_csv(tmp_path / "run" / "curve.csv")
    assert {"examples", "move_accuracy", "cheese_rate"} <= set(curve.columns)
    command = " ".join(["steered-env", *arguments])
    assert json.loads((tmp_path / "run" / "config.json").read_text(encoding="utf-8"))["command"] == command
    assert read_metadata(tmp_path / "run" / "policy.safetensors")["command"] == command
    done = run_here("table", "--levels", "1", "--policy", "run/policy.safetensors", "-c=-cheese")
    assert done.returncode == 0, done.stderr
    assert "95 % intervals over mazes; more in table.md" in done.stdout  # no baseline, no Δ
    described = json.loads((tmp_path / "results" / "table" / "evaluation.json").read_text(encoding="utf-8"))
    assert described["policy_name"] == "run/policy.safetensors"
    assert described["conditions"] == ["-cheese"]
    done = run_here("train", "--out", "run", "--pictures", "512", *few)  # as the option was once called
    assert (done.returncode, "holds a run with examples 64, not 512" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["table", "--levels", "-3"], "level must be ≥ 0, got -3"),
        (["table", "--levels", "5:2"], "the end must be above the start"),
        (["table", "--levels", "1.5"], "levels must be written as 7, 0:100 or 3,8,12, got '1.5'"),
        (["table", "--policy", "nope"], "no policy 'nope'"),
        (["table", "--out", "file"], "file is a file: name a folder to write into"),
        (["table", "--ray", "auto", "--workers", "0"], "workers must be ≥ 1, got 0"),
        (["runs", "nowhere"], "there is no folder nowhere"),
        (["video", "--out", "film.avi"], "must end in .mp4 or .gif"),
        (["field", "-c", "cheese", "-c", "top_right"], "got 2: cheese, top_right"),
        (["field", "--out", "field.txt"], "must end in .png, .svg or .pdf"),
        (["train", "--out", "run"], "needs one budget"),
        (["train", "--out", "run", "--minutes", "1", "--device", "tpu9"], "device 'tpu9' cannot be used here"),
        (["train", "--out", "run", "--algorithm", "a2c", "--minutes", "1"], "must be imitation or ppo, got 'a2c'"),
        (["train", "--out", "run", "--algorithm", "ppo", "--examples", "9"], "--examples is for --algorithm imitation"),
        (["train", "--out", "run", "--minutes", "1", "--gamma", "0.9"], "--gamma is for --algorithm ppo"),
        (["train", "--out", "run", "--algorithm", "ppo"], "needs one budget: --minutes or --steps"),
        (["train", "--out", "run", "--algorithm", "ppo", "--steps", "9", "--sizes", "3;5"], "written as 3,5,7"),
        (["train", "--minutes", "1"], "name the run's folder"),
        (["train", "--recipe", "large"], "no recipe 'large'; there are small, small-long, full, small-1,"),
        (["train", "--recipe", "small-7", "--seed", "3"], "--seed would change the recipe"),
        (["train", "--recipe", "full-ppo", "--steps", "9"], "--steps would change the recipe"),
        (["train", "--recipe", "full-ppo", "--workers", "2"], "--workers is for --algorithm imitation, not for ppo"),
        (["train", "--recipe", "small-7", "--evaluate-every", "2"], "--evaluate-every is for --algorithm ppo"),
        (["card", "."], "holds no training run"),
        (["card", "small", "--name", "x"], "leave out --name x"),
        (["card", ".", "--device", "cpu"], "leave out --device cpu"),
        (["table", "--policy", "smal"], "did you mean small?"),
        (["table", "--policy", "at/none.pth"], "no policy 'at/none.pth': there is no such file"),
        (["table", "--maze", "none.txt"], "there is no maze file none.txt"),
        (["play", "-c", "chese"], "did you mean 'cheese'?"),
        (["play", "--bundle", "at", "-c", "cheese"], "leave out --condition and --steering"),
        (["play", "--bundle", "other"], "no page of this kind, and would be written over"),
        (["reproduce", "--policy", "small", "--policy", "smal", "--levels", "0:2"], "no policy 'smal'"),
    ],
)
def test_bad_input_is_one_clear_line(
    run_here: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_text("a page of mine", encoding="utf-8")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    done = run_here(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    assert sorted(path.name for path in tmp_path.rglob("*")) == before  # nothing half-written


def test_an_option_given_twice(run_here: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Is refused, unless all of what it is given counts."""
    done = run_here("field", "--level", "3", "--level", "1")
    assert (done.returncode, "--level is given more than once" in done.stderr) == (2, True)
    assert "no maze file a.txt" in run_here("table", "--maze", "a.txt", "--maze", "b.txt").stderr


def test_where_an_error_came_from(run_here: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Is shown wherever the option stands."""
    for arguments in (["--traceback", "table", "--levels", "-3"], ["table", "--levels", "-3", "--traceback"]):
        with pytest.raises(ValueError, match="got -3"):
            run_here(*arguments)


def test_ctrl_c_keeps_a_training_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imitation, "move_accuracy", lambda p, **k: move_accuracy(p, levels=range(8), **k))
    few = ["--examples", "6400", "--batch-size", "16", "--rate-levels", "2"]
    command = ForkedCommand("train", "--out", "run", *few, folder=tmp_path)
    assert "examples" in command.stderr.readline()
    command.send_signal(signal.SIGINT)
    status, stderr = command.finish()
    assert status == 130
    assert "Traceback" not in stderr
    assert "stopping after the step under way" in stderr
    assert stderr.strip().endswith("examples are in run; the same command goes on from here")
    assert (tmp_path / "run" / "checkpoint.pt").stat().st_size > 10**6
    assert {path.name for path in (tmp_path / "run").iterdir()} <= {
        "checkpoint.pt", "config.json", "curve.csv", "policy.safetensors",
    }  # fmt: skip


def test_a_second_ctrl_c_stops_a_table_at_once(tmp_path: Path) -> None:
    """In a chunk of 50 mazes, which would take a minute."""
    command = ForkedCommand("table", "--out", "run", "--chunk", "50", folder=tmp_path)
    while not (tmp_path / "run" / "chunks").exists():
        assert command.running
        time.sleep(0.1)
    time.sleep(1)
    command.send_signal(signal.SIGTERM)
    assert "0 of 100 mazes (0%) are in run; the same command goes on from here" in command.stderr.readline()
    command.send_signal(signal.SIGINT)
    assert command.finish() == (
        130, "stopped: 0 of 100 mazes (0%) are in run; the same command goes on from here\n",
    )  # fmt: skip
    assert not list((tmp_path / "run" / "chunks").iterdir())


def test_a_film_that_is_terminated_leaves_nothing(tmp_path: Path) -> None:
    """While it is made: in frames of 700 pixels that takes long."""
    many = ["-c", "-cheese", "-c", "baseline", "--steps", "150", "--panel", "700"]
    command = ForkedCommand("video", "--out", "films/film.mp4", *many, folder=tmp_path)
    while not (tmp_path / "films").exists():
        assert command.running
        time.sleep(0.01)
    command.send_signal(signal.SIGTERM)
    status, stderr = command.finish()
    assert status == 130
    assert "Traceback" not in stderr
    assert "the same command" in stderr
    assert not list((tmp_path / "films").iterdir())


def test_a_table_that_is_interrupted_after_measuring_says_that_it_is_measured(
    run_here: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    arguments = ["table", "--levels", "0:2", "-c", "baseline", "--horizon", "9", "--out", "run"]
    assert run_here(*arguments).returncode == 0
    written = tmp_path / "run" / "results.csv"
    written.unlink()
    command = ForkedCommand(*arguments, folder=tmp_path)
    while not written.exists():
        assert command.running
        time.sleep(0.001)
    command.send_signal(signal.SIGINT)
    status, stderr = command.finish()
    assert status == 130
    assert "all 2 mazes are in run" in stderr


def test_ppo_from_the_command_line_and_again(
    run_here: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    few = ["--num-envs", "2", "--n-steps", "4", "--minibatches", "2", "--time-limit", "5", "--sizes", "3"]
    options = ["--out", "run", "--algorithm", "ppo", *few, "--rate-levels", "4", "--start", "small"]
    for steps in ("8", "16"):
        done = run_here("train", *options, "--steps", steps)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == ["run/policy.safetensors", "run/config.json", "run/curve.csv"]
        assert "Warning" not in done.stderr
        assert "gym" not in done.stdout + done.stderr
    curve = pd.read_csv(tmp_path / "run" / "curve.csv")
    assert curve["steps"].tolist() == [0, 8, 16]
    assert curve["cheese_rate"].iloc[0] == pytest.approx(1, abs=0.01)  # the shipped policy, in the smallest mazes
    assert json.loads((tmp_path / "run" / "config.json").read_text(encoding="utf-8"))["value_warmup"] == 4


def test_version(tmp_path: Path) -> None:
    done = run("--version", folder=tmp_path)
    commit = commit_described("steered_env", "evaluation")
    assert (done.returncode, done.stdout) == (0, f"steered-env {__version__}, {commit}\n")


def test_help_is_quick_and_whole(tmp_path: Path) -> None:
    done = run("--help", folder=tmp_path)
    assert done.returncode == 0
    for command in ("table", "video", "field", "train", "card", "runs"):
        assert command in done.stdout


@pytest.mark.parametrize(
    ("text", "levels"), [("7", (7,)), ("0:100", range(100)), ("3, 8,12", (3, 8, 12)), (" 5 : 6 ", range(5, 6))]
)
def test_levels_as_written(text: str, levels: object) -> None:
    assert parse_levels(text) == levels


@pytest.mark.parametrize("kind", [TrainingConfig, PPOConfig])
def test_every_setting_is_an_option_of_train(
    kind: type[RunConfig], run_here: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    printed = run_here("train", "--help").stdout
    for name in config_fields(kind):
        assert f"--{name.replace('_', '-')} " in printed


def test_reproduce_lists_its_claims_and_measures_one(
    run_here: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    listed = run_here("reproduce", "--list")
    assert listed.stdout.splitlines() == [f"{claim.name}: {claim.title}" for claim in all_claims()]
    done = run_here("reproduce", "--claims", "baseline", "--levels", "3,38", "--out", "here")
    assert done.returncode == 0, done.stderr
    assert "baseline" in done.stdout
    assert (tmp_path / "here" / "index.html").stat().st_size > 10_000
    assert not [warning for warning in recwarn if issubclass(warning.category, UserWarning | RuntimeWarning)]


def test_reproduce_measures_several_networks(
    run_here: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    networks = ["reproduce", "--policy", "small-5", "--policy", "small-5-seed1"]
    done = run_here(*networks, "--claims", "all-layers", "--levels", "3,26,2,6", "--out", "here")
    assert done.returncode == 0, done.stderr
    assert "of 2 networks" in done.stdout
    assert (tmp_path / "here" / "index.html").stat().st_size > 5_000
    refused = run_here(*networks, "--quick")
    assert refused.returncode == 2
    assert "--quick" in refused.stderr


def test_a_terminal_that_knows_only_ascii(tmp_path: Path) -> None:
    out = tmp_path / "[x] :smile: $"
    table = ["steered-env", "table", "--levels", "10,11", "--horizon", "2", "-c", "baseline", "-c=-cheese"]
    program = f"""if True:
        import locale, sys
        from evaluation.cli import main
        locale.setlocale(locale.LC_ALL, "C")
        assert locale.getencoding() != "UTF-8"  # what files are opened with that nobody names an encoding for
        sys.stdout.reconfigure(encoding="ascii", errors="strict")
        sys.stderr.reconfigure(encoding="ascii", errors="strict")
        for sys.argv in {[*table, "--out", str(out)]!a}, {["steered-env", "runs", str(tmp_path)]!a}:
            try:
                main()
            except SystemExit as end:
                assert not end.code
            sys.stdout.write("done\\n")
    """
    terminal = ForkedProgram(program, folder=tmp_path)
    status, stderr = terminal.finish()
    assert status == 0, stderr
    shown, runs, _ = terminal.stdout.split("done\n")
    assert "[x] :smile: $" in shown
    assert "[x] :smile: $" in runs
    assert "Δ" in (out / "table.md").read_text(encoding="utf-8")
