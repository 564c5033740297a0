"""What is said when work is stopped, and what is left of it."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from steered_env.system.atomic_write import atomic_file
from steered_env.system.interruption import ignore_interruptions, stop_requests, stopped_at_once


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_said_before_anything_is_cleaned_up(
    number: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half_written: list[int] = []

    def kept() -> str:
        half_written.append(len(list(tmp_path.iterdir())))
        return "a chunk is kept"

    def write() -> None:
        with stopped_at_once(kept), atomic_file(tmp_path / "film.mp4") as temporary:
            temporary.write_text("half of it")
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        write()
    assert "a chunk is kept" in capsys.readouterr().err
    assert half_written == [1]
    assert not list(tmp_path.iterdir())


def test_a_part_names_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with stopped_at_once(lambda: "the whole", outer=True):
        with stop_requests(lambda: "a part") as stop:
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt), stopped_at_once(lambda: "another part"):
            os.kill(os.getpid(), signal.SIGINT)
    with stop_requests(lambda: "not a part"):
        os.kill(os.getpid(), signal.SIGINT)
    first, second, last = capsys.readouterr().err.splitlines()
    assert first.endswith(": the whole")
    assert second.endswith(": the whole")
    assert last.endswith(": not a part")


DEEP = """
import hashlib, threading
from steered_env.system.interruption import ignore_interruptions, stop_requests, stopped_at_once

with stopped_at_once(lambda: "kept", command=True):
    threading.Timer(0.3, print, ["ready"], {{"flush": True}}).start()
    {}
"""
LONG = 'hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)'


@pytest.mark.parametrize(
    ("number", "work"), [(signal.SIGTERM, LONG), (signal.SIGINT, f'with stop_requests(lambda: "kept"): {LONG}')]
)
def test_a_computation_that_runs_no_handlers_is_answered_for(number: signal.Signals, work: str) -> None:
    """As a backward pass of a wide network: the line is said in the middle of it, and a second signal ends it there."""
    process = subprocess.Popen(
        [sys.executable, "-c", DEEP.format(work)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.stderr.readline().endswith(": kept\n")
    assert process.poll() is None
    process.send_signal(number)
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 128 + number


def test_other_signals_reach_those_who_wait_for_them() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before, handled = signal.set_wakeup_fd(writing), signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with stop_requests(lambda: "kept") as stop:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert os.read(reading, 8) == bytes([signal.SIGUSR1])
        assert not stop.requested
        assert signal.set_wakeup_fd(before) == writing
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGUSR1, handled)
        os.close(reading)
        os.close(writing)


def test_a_worker_outlives_what_the_whole_group_is_sent() -> None:
    def work(end: multiprocessing.connection.Connection) -> None:
        ignore_interruptions(0)
        end.send("ready")
        end.send(end.recv())

    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    worker = context.Process(target=work, args=[there])
    worker.start()
    assert here.recv() == "ready"
    assert worker.pid is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(worker.pid, number)
    here.send("the last batch")
    assert here.recv() == "the last batch"
    worker.join()
    assert worker.exitcode == 0
