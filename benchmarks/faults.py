"""Everything that may happen to a run, made to happen, and the numbers afterwards.

After each fault the same command goes on, and the rows are held against those of a run that nothing happened to, bit
for bit. The tests do a handful of each, `benchmarks.faults_log` a hundred.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

from evaluation import Results, evaluate
from evaluation.storage.chunk_files import chunk_files
from evaluation.storage.folder import Progress
from steered_env import ImpalaPolicy, load_policy
from steered_env.policy import save_policy

LEVELS = tuple(range(16))
CONDITIONS = ("baseline", "-cheese")
HORIZON = 30
_COMMAND = str(Path(sys.executable).with_name("steered-env"))
_LATEST_KILL_S, _LATEST_FORKED_KILL_S = 10.0, 0.5
_MOST_CHUNKS_A_LIFE = 5
_PATIENCE_S = 300.0
_SMALL_DISK, _LARGE_DISK = "48k", "8m"
_SMALL_FILE = 2048


class Run:
    """One run of the command in a folder, and what its rows must be.

    Args:
        folder: Folder of the run.
        policy: Policy to measure: a path, or the packaged one.
        options: Further options of the command.
    """

    def __init__(self, folder: Path, policy: str = "small", options: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.command = [_COMMAND, "table", "--levels", ",".join(map(str, LEVELS)), "--policy", policy, "--chunk", "1"]
        self.command += ["--horizon", str(HORIZON), "--out", str(folder), *options]
        self.command += [f"--condition={condition}" for condition in CONDITIONS]

    def start(self, largest_file: int | None = None) -> subprocess.Popen[str]:
        """Begin, or go on, in a process of its own."""
        return start_command(self.command, largest_file)

    def finish(self) -> None:
        """Go on to the end."""
        process = self.start()
        error = process.communicate(timeout=_PATIENCE_S)[1]
        assert process.returncode == 0, error

    def wait_for(self, chunks: int, process: subprocess.Popen[str]) -> None:
        """Wait until so many chunks are there."""
        deadline = time.monotonic() + _PATIENCE_S
        while len(self.files()) < chunks:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline, f"{len(self.files())} of {chunks} chunks after {_PATIENCE_S:.0f} s"
            time.sleep(0.02)

    def wait_for_some(self, chunks: int, process: _Forked) -> None:
        """Wait until so many chunks are there, or the process is at its end."""
        deadline = time.monotonic() + _PATIENCE_S
        while len(self.files()) < min(chunks, len(LEVELS)) and process.is_alive():
            assert time.monotonic() < deadline, f"a forked process hangs: {len(self.files())} of {chunks} chunks"
            time.sleep(0.02)

    def files(self) -> dict[str, bytes]:
        """The chunk files and their bytes."""
        return {
            path.name: path.read_bytes() for paths in chunk_files(self.folder / "chunks").values() for path in paths
        }

    def check(self, rows: pd.DataFrame) -> Progress:
        """Hold what is there against the rows of an undisturbed run: none wrong, none twice; and how far it is."""
        kept = Results.load(self.folder)
        assert kept.progress is not None
        expected = rows[rows["maze"].isin(kept.frame["maze"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(kept.frame, expected, check_exact=True)
        assert kept.progress.done == kept.frame["maze"].nunique()
        return kept.progress


def start_command(command: list[str], largest_file: int | None = None) -> subprocess.Popen[str]:
    """Start a command; no file that it writes may grow beyond a number of bytes."""

    def limit() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
        preexec_fn=limit,
    )


def undisturbed(policy: ImpalaPolicy | None = None) -> pd.DataFrame:
    """The rows that every run here must end with."""
    return evaluate(policy or load_policy(), LEVELS, CONDITIONS, horizon=HORIZON).frame


def kills(folder: Path, count: int, seed: int = 0) -> str:
    """SIGKILL at random moments; one time in ten of the command, from its first moment on, else of a forked process."""
    policy, chance = load_policy(), random.Random(seed)
    rows, killed, runs, chunks = undisturbed(policy), 0, 1, 0
    run = Run(folder / "run-1")
    while killed < count:
        before = run.files()
        if killed % 10 == 9:
            finished = _finished_before(run.start(), chance.uniform(0, _LATEST_KILL_S))
        else:
            forked = _Forked(run.folder, policy)
            run.wait_for_some(len(before) + chance.randrange(_MOST_CHUNKS_A_LIFE), forked)
            finished = _finished_before(forked, chance.uniform(0, _LATEST_FORKED_KILL_S))
        chunks += len(run.files()) - len(before)
        assert before.items() <= run.files().items(), "a chunk that was there is lost, or another"
        if (run.folder / "manifest.json").is_file():
            run.check(rows)
        if finished:
            assert run.check(rows).finished
            runs += 1
            run = Run(folder / f"run-{runs}")
        else:
            killed += 1
    run.finish()
    assert run.check(rows).finished
    return (
        f"{count} kills at random moments of {runs} runs, {chunks} chunks written between them: all came to their end, "
        "nothing lost, nothing twice"
    )


class _Forked:
    """A run in a process forked from this one, which has everything loaded.

    Args:
        folder: Folder of the run.
        policy: Policy to measure.
    """

    def __init__(self, folder: Path, policy: ImpalaPolicy) -> None:
        self._process = multiprocessing.get_context("fork").Process(target=self._run, args=(folder, policy))
        self._process.start()

    @staticmethod
    def _run(folder: Path, policy: ImpalaPolicy) -> None:
        evaluate(policy, LEVELS, CONDITIONS, horizon=HORIZON, out=folder, chunk=1)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status.

        Raises:
            subprocess.TimeoutExpired: if it still runs.
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("forked run", timeout or 0.0)
        return self._process.exitcode

    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        return self._process.is_alive()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()


def _finished_before(process: subprocess.Popen[str] | _Forked, seconds: float) -> bool:
    """Tell whether a process came to its end in that time; if not, kill it."""
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait() == 0
    assert status == 0, f"it failed with status {status}"
    return True


def full_disk(folder: Path) -> str:
    """A disk that fills up, and later has room again."""
    rows = undisturbed()
    folder.mkdir(parents=True, exist_ok=True)
    mounted = _mount(folder, _SMALL_DISK)
    run = Run(folder / "run")
    try:
        process = run.start(largest_file=None if mounted else _SMALL_FILE)
        error = process.communicate(timeout=_PATIENCE_S)[1]
        assert process.returncode == 1, error
        assert "cannot be written" in error, error
        assert "the same command goes on" in error, error
        stopped = run.check(rows)
        if mounted:
            _mount(folder, f"remount,size={_LARGE_DISK}")
        run.finish()
        assert run.check(rows).finished
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)
    method = (
        f"a tmpfs of {_SMALL_DISK}B" if mounted else f"mounting is refused here: RLIMIT_FSIZE of {_SMALL_FILE} bytes"
    )
    return f"full disk ({method}): stopped at {stopped} with a clear error, went on with room"


def damage(folder: Path, rounds: int, seed: int = 0) -> str:
    """Chunk files that are cut, flipped, emptied or gone; those are measured again, and no others."""
    policy, chance = load_policy(), random.Random(seed)
    run, done = Run(folder / "run"), {"cut": 0, "flipped": 0, "emptied": 0, "gone": 0}

    def again() -> list[int]:
        seen: list[int] = []
        evaluate(
            policy, LEVELS, CONDITIONS, horizon=HORIZON, out=run.folder, chunk=1,
            on_progress=lambda done, _: seen.append(done),
        )  # fmt: skip
        return seen

    again()
    rows = undisturbed(policy)
    for _ in range(rounds):
        before = run.files()
        chosen = chance.sample(sorted(before), len(done))
        for kind, name in zip(done, chosen, strict=True):
            _damage(run.folder / "chunks" / name, kind, chance)
            done[kind] += 1
        assert run.check(rows).done == len(LEVELS) - len(done)
        assert again() == list(range(len(LEVELS) - len(done), len(LEVELS) + 1))
        assert run.files() == before
        assert run.check(rows).finished
    return f"damaged files ({', '.join(f'{count} {kind}' for kind, count in done.items())}): all found, all redone"


def two_processes(folder: Path) -> str:
    """A second process on the folder of a run is refused; a killed one blocks nobody."""
    rows, run = undisturbed(), Run(folder / "run")
    first = run.start()
    run.wait_for(1, first)
    os.killpg(first.pid, signal.SIGSTOP)  # so that it is not done before the second one is there
    second = run.start()
    error = second.communicate(timeout=_PATIENCE_S)[1]
    assert second.returncode == 1, error
    assert f"is in use by process {first.pid} on" in error, error
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    run.finish()
    assert run.check(rows).finished
    return "two processes on one folder: the second is refused and told by whom; after a kill the next one goes on"


def changed_weights(folder: Path) -> str:
    """A policy file that changes under a run: the run keeps the weights it loaded, and does not go on with others."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "policy.safetensors"
    save_policy(load_policy(), file)
    rows = undisturbed(load_policy(file))
    run, killed = Run(folder / "run", str(file)), Run(folder / "killed", str(file))
    for each in (run, killed):
        save_policy(load_policy(), file)
        process = each.start()
        each.wait_for(2, process)
        save_policy(_nudged(load_policy()), file)
        if each is killed:
            os.killpg(process.pid, signal.SIGKILL)
        error = process.communicate(timeout=_PATIENCE_S)[1]
        assert process.returncode == (-signal.SIGKILL if each is killed else 0), error
    assert run.check(rows).finished
    process = killed.start()
    error = process.communicate(timeout=_PATIENCE_S)[1]
    assert process.returncode == 1, error
    assert "holds an unfinished run with weights" in error, error
    save_policy(load_policy(), file)
    killed.finish()
    assert killed.check(rows).finished
    return "weights changed on disk: a run under way keeps what it loaded, one that goes on with others is refused"


def _nudged(policy: ImpalaPolicy) -> ImpalaPolicy:
    """The policy with one number of its weights moved by the least there is to move."""
    weight = policy.get_parameter("fc_policy.bias").data
    weight[0] = weight[0].nextafter(weight[0] + 1)
    return policy


def _damage(path: Path, kind: str, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    if kind == "gone":
        path.unlink()
        return
    if kind == "cut":
        content = content[: chance.randrange(1, len(content))]
    elif kind == "flipped":
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    else:
        content.clear()
    path.write_bytes(content)


def _mount(folder: Path, size: str) -> bool:
    option = size if "," in size else f"size={size}"
    command = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(folder)]
    return shutil.which("mount") is not None and subprocess.run(command, capture_output=True).returncode == 0
