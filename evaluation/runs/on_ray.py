"""Chunks measured by a Ray cluster."""

from __future__ import annotations

import logging
import socket
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import pandas as pd

from evaluation.job import Chunk, Job, Measurer
from evaluation.shared_forward import one_torch_thread

from .configuration import versions
from .measuring_code import measuring_code
from .trouble import RunError

_RETRIES = 20
_AHEAD = 2
_KNOCK_S = 10.0
_measurers: dict[str, Measurer] = {}
"""In a worker process: what it was sent, kept from one chunk to the next."""


def on_ray(job: Job, chunks: Iterable[Chunk], address: str) -> Iterator[tuple[Chunk, pd.DataFrame]]:
    """Measure chunks as tasks of a Ray cluster, and hand out each as soon as it is done.

    The job, with its weights, is sent to each machine once. A chunk whose worker dies is run again by another. Twice as
    many chunks as the cluster has cores are under way, so that an autoscaler sees what is wanted.

    Args:
        job: what to do.
        chunks: taken one by one.
        address: of the cluster: ``"auto"``, ``host:port`` or ``ray://host:port``; one that this process already uses
            stays in use.

    Raises:
        RunError: if Ray is not installed or not there, or a worker has other versions or other code than this process.
    """
    ray = _imported()
    ours = not ray.is_initialized()
    if ours:
        try:
            _knock(address)
            ray.init(address=address, logging_level=logging.WARNING, log_to_driver=False)
        except (OSError, RuntimeError, ValueError) as error:
            raise RunError(f"no Ray cluster at {address!r} ({error}): start one with `ray start --head`") from None
    try:
        yield from _measured(ray, job, chunks)
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
    except ray.exceptions.RayError as error:
        raise RunError(f"the Ray cluster gave up: {error}; the same command goes on from here") from None
    finally:
        if ours:
            ray.shutdown()


def _knock(address: str) -> None:
    """Find out quickly whether anybody listens at ``host:port``; Ray itself would try for minutes.

    Raises:
        OSError: if nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()


def _measured(ray: Any, job: Job, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, pd.DataFrame]]:
    shared, key, wanted = [ray.put(job)], uuid.uuid4().hex, _versions_and_code()
    measure, queue = ray.remote(num_cpus=1, max_retries=_RETRIES)(_measure), iter(chunks)
    running: dict[Any, Chunk] = {}
    while True:
        cores = max(int(ray.cluster_resources().get("CPU", 1)), 1)
        for chunk in islice(queue, max(_AHEAD * cores - len(running), 0)):
            running[measure.remote(shared, key, wanted, chunk)] = chunk
        if not running:
            return
        for done in ray.wait(list(running))[0]:
            yield running.pop(done), ray.get(done)


def _measure(shared: list[Any], key: str, wanted: dict[str, str], chunk: Chunk) -> pd.DataFrame:
    """In a worker process: the rows of one chunk."""
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
        import ray
    except ImportError:
        raise RunError(
            "Ray is not installed: in the clone of steered-env, pip install -c constraints.txt -e '.[ray]'"
        ) from None
    return ray
