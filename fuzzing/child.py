"""A child process for the dangerous work, so that a dead or hung one is seen, and the run goes on."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import tempfile
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType

import torch

from .target import Outcome, Work

_START_SECONDS = 120.0
_MEMORY = 4 * 2**30
"""Bytes on top of what the start took: what asks for more gets a MemoryError instead of the machine's last."""


def _serve(connection: Connection, prepare: Callable[[int], Work], seed: int, folder: str) -> None:
    os.chdir(folder)
    torch.set_num_threads(1)
    work = prepare(seed)
    _limit_memory()
    connection.send([])
    with contextlib.suppress(EOFError, BrokenPipeError):  # the parent has closed its end: no more work
        while True:
            connection.send(_answer(work, connection.recv()))


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
    limit = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _answer(work: Work, indices: Sequence[int]) -> list[Outcome] | str:
    try:
        return work(indices)
    except Exception as error:
        return f"raised {type(error).__name__}: {str(error)[:300]!r}"


class Child:
    """A process that works on batches of inputs in an empty folder, and is started anew after it died or hung.

    Args:
        prepare: from the seed, what does the work.
        seed: of the inputs.
        seconds: after which a batch counts as hung.
    """

    def __init__(self, prepare: Callable[[int], Work], seed: int, seconds: float) -> None:
        self._prepare, self._seed, self._seconds = prepare, seed, seconds
        self._folder = tempfile.TemporaryDirectory(prefix="fuzzing-")
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        self._folder.cleanup()

    def run(self, indices: Sequence[int]) -> list[Outcome] | str:
        """What came of these inputs, or what the process did instead of saying so."""
        if self._connection is None:
            connection = self._start()
            started = self._answer(connection, _START_SECONDS)
            if isinstance(started, str):
                raise RuntimeError(f"the child process could not start: it {started}")
        assert self._connection is not None
        self._connection.send(list(indices))
        return self._answer(self._connection, self._seconds)

    def _start(self) -> Connection:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])  # so that torch is imported once, and a new child is there at once
        self._connection, theirs = context.Pipe()
        arguments = (theirs, self._prepare, self._seed, self._folder.name)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()  # so that the pipe ends when the child does
        return self._connection

    def _answer(self, connection: Connection, seconds: float) -> list[Outcome] | str:
        if not connection.poll(seconds):
            self._stop()
            return f"hung for {seconds:g} seconds"
        try:
            answer: list[Outcome] | str = connection.recv()
        except EOFError:
            return f"died with exit code {self._stop()}"
        return answer

    def _stop(self) -> int | None:
        """End the process, at once if it is stuck, and return its exit code."""
        if self._process is None or self._connection is None:
            return None
        self._connection.close()  # a child that waits for work ends by itself now
        self._process.join(1)
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        code = self._process.exitcode
        self._process = self._connection = None
        return code
