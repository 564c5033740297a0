"""A Ray cluster of two nodes on this machine, one of which dies; and a driver that dies."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .faults import Run, undisturbed

_RAY = str(Path(sys.executable).with_name("ray"))
_HEAD, _SECOND = "127.0.0.2", "127.0.0.3"
"""Loopback addresses that Ray leaves alone: 127.0.0.1 it would replace by that of a network."""
_READY_S, _STOP_S = 60.0, 20.0


def dead_node_and_driver(folder: Path) -> str:
    """Kill one of two nodes under a run, then the driver, then go on with the node that is left."""
    rows = undisturbed()
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}  # nobody else may use the cluster
    with _node("--head", f"--node-ip-address={_HEAD}", f"--port={(port := _free_port())}") as head:
        _wait_for_port(port, head)
        run = Run(folder / "run", options=("--ray", f"{_HEAD}:{port}"))
        with _node(f"--address={_HEAD}:{port}", f"--node-ip-address={_SECOND}") as second:
            driver = run.start()
            run.wait_for(3, driver)
            _wait_until_busy(second)
            for process in _family(second.pid):
                os.kill(process, signal.SIGKILL)
            run.wait_for(6, driver)
            os.killpg(driver.pid, signal.SIGKILL)
            driver.communicate()
            before = run.files()
            run.check(rows)
        run.finish()
        assert before.items() <= run.files().items()
        assert run.check(rows).finished
    return (
        f"Ray, two nodes: one killed while it measured, the driver after {len(before)} chunks: nothing lost, same bits"
    )


@contextmanager
def _node(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    more = ["--include-dashboard=false"] if "--head" in options else []
    command = [_RAY, "start", *options, *more, "--num-cpus=1", "--block"]
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    node = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, start_new_session=True
    )
    try:
        yield node
    finally:
        family = _family(node.pid)
        node.terminate()
        try:
            node.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            node.kill()
            node.wait()
        for process in family:
            _kill_if_there(process)


def _family(pid: int) -> list[int]:
    """A process and all that it started, and they did."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    except OSError:
        return []
    return [pid, *(member for child in children for member in _family(int(child)))]


def _wait_until_busy(node: subprocess.Popen[bytes]) -> None:
    """Wait until one of a node's workers, which Ray names after its task, is measuring."""
    deadline = time.monotonic() + _READY_S
    while not any(b"ray::_measure" in _command(process) for process in _family(node.pid)):
        assert time.monotonic() < deadline, "the second node got no chunk"
        time.sleep(0.01)


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _kill_if_there(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HEAD, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_port(port: int, head: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        assert head.poll() is None, "the head of the cluster did not start"
        with socket.socket() as probe:
            if probe.connect_ex((_HEAD, port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"no Ray head on {_HEAD}:{port} after {_READY_S:.0f} s")
