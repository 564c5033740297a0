"""Chunks measured by a Ray cluster."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import uuid
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.measuring import Chunk, Job, Measurer, one_torch_thread
from evaluation.storage import RunError
from steered_env.system import MissingExtraError, needing

from .code_that_measures import measuring_code
from .configuration import versions

_RETRIES = 20
_AHEAD = 2
_KNOCK_S = 10.0
_STATUS_S = 60.0
_AUTH_MODE, _TOKEN = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"
_CLIENT = "ray://"
_GET_THE_TOKEN = (
    f"copy ~/.ray/auth_token from the head (or name it in {_TOKEN}_PATH), and set {_AUTH_MODE}=token here and on every "
    "node, in Python before Ray is imported"
)
_measurers: dict[str, Measurer] = {}
"""Measurers of a worker process by job, kept from one chunk to the next."""


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Be connected to a Ray cluster for the time of a ``with`` block.

    Args:
        address: Address of the cluster: ``"auto"``, ``host:port`` or ``ray://host:port``; one that this process already
            uses stays in use.

    Raises:
        RunError: if Ray is not installed or not there, or the cluster asks for another token than this process has.
    """
    _show_a_token()
    ray = _imported()
    ours = not ray.is_initialized()
    try:
        if ours:
            _connect(ray, address)
        yield
    finally:
        if ours:
            ray.shutdown()


def on_ray(job: Job, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, pd.DataFrame]]:
    """Measure chunks as tasks of the connected Ray cluster, and hand out each as soon as it is done.

    The job, with its weights, is sent to each machine once. A chunk whose worker dies is run again by another. On
    GPUs each process has one. Twice as many chunks as the cluster has cores, or GPUs, are under way, so that an
    autoscaler sees what is wanted.

    Args:
        job: The measurement, without its mazes.
        chunks: Chunks of mazes, which are taken one by one.

    Raises:
        RunError: if a worker has other versions or other code than this process, or the cluster is gone.
    """
    ray = _imported()
    try:
        yield from _measured(ray, job, chunks)
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
    except ray.exceptions.RayError as error:
        raise RunError(f"the Ray cluster gave up: {error}; the same command goes on from here") from None


def _knock(address: str) -> None:
    """Find out quickly whether anybody listens at ``host:port``; Ray itself would try for minutes.

    Raises:
        OSError: if nobody does.
    """
    host, _, port = address.removeprefix(_CLIENT).rpartition(":")
    if address != "auto":
        if not (host.strip(":") and port.isdigit()):
            raise OSError("an address is auto, host:port or ray://host:port")
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()


def _connect(ray: Any, address: str) -> None:
    try:
        _knock(address)
    except OSError as error:
        raise _not_there(address, error) from None
    _check_token(address)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Ray Client connection timed out")  # said below, in one line
            ray.init(address=address, logging_level=logging.WARNING, log_to_driver=False)
    except ConnectionError as error:
        if not address.startswith(_CLIENT):
            raise _not_there(address, error) from None
        raise RunError(  # Ray's client knocks until its time is over, whatever the reason is
            f"something listens at {address!r}, but lets no Ray client in ({error}): if it is a Ray cluster, it asks "
            f"for another token; {_GET_THE_TOKEN}"
        ) from None
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise _not_there(address, error) from None


def _not_there(address: str, error: Exception) -> RunError:
    return RunError(f"no Ray cluster at {address!r} ({error}): start one with `ray start --head`")


def _show_a_token() -> None:
    """Use a token that lies in its usual place, unless a mode is set; at a named address Ray itself would not.

    Ray reads the mode once, when it is imported. A cluster that asks for no token takes one too.
    """
    file = Path.home() / ".ray" / "auth_token"
    if any(os.environ.get(name) for name in (_TOKEN, f"{_TOKEN}_PATH")) or file.is_file():
        os.environ.setdefault(_AUTH_MODE, "token")


def _check_token(address: str) -> None:
    """Ask for the cluster's status, once and aside: Ray itself would knock twenty times, with a warning each time.

    Raises:
        RunError: if the cluster asks for another token than this process has.
    """
    if address.startswith(_CLIENT):
        return
    command = [sys.executable, "-m", "ray.scripts.scripts", "status", "--address", address]
    try:
        asked = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=_STATUS_S, check=False
        )
    except subprocess.TimeoutExpired:
        return
    if asked.returncode and "AuthenticationError" in asked.stderr:
        raise RunError(
            f"the Ray cluster at {address!r} asks for a token that this process does not have: {_GET_THE_TOKEN}"
        )


def _measured(ray: Any, job: Job, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, pd.DataFrame]]:
    shared, key, wanted = [ray.put(job)], uuid.uuid4().hex, _versions_and_code()
    unit, gpus = ("CPU", 0) if job.settings.device == "cpu" else ("GPU", 1)
    measure, queue = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=_RETRIES)(_measure), iter(chunks)
    running: dict[Any, Chunk] = {}
    while True:
        processors = max(int(ray.cluster_resources().get(unit, 1)), 1)
        for chunk in islice(queue, max(_AHEAD * processors - len(running), 0)):
            running[measure.remote(shared, key, wanted, chunk)] = chunk
        if not running:
            return
        for done in ray.wait(list(running))[0]:
            yield running.pop(done), ray.get(done)


def _measure(shared: list[Any], key: str, wanted: dict[str, str], chunk: Chunk) -> pd.DataFrame:
    """Measure one chunk in a worker process."""
    if key not in _measurers:
        _check_versions(wanted)
        _measurers.clear()
        _measurers[key] = Measurer(_imported().get(shared[0]))
    with one_torch_thread():
        return _measurers[key].frame(chunk)


def _check_versions(wanted: dict[str, str]) -> None:
    for name, here in _versions_and_code().items():
        if here != wanted.get(name):
            raise RunError(
                f"the worker on {socket.gethostname()} has {name} {here}, this process {wanted.get(name)}: install the "
                "same versions everywhere (constraints.txt)"
            )


def _versions_and_code() -> dict[str, str]:
    return {**versions(), "steered-env's code": measuring_code().fingerprint}


def _imported() -> Any:
    try:
        with needing("ray"):
            import ray
    except MissingExtraError as error:
        raise RunError(str(error)) from None
    return ray
