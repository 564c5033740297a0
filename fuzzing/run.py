"""Runs a target over its inputs in a process of its own, so that a dead or hung one is seen, and the run goes on."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import torch

from .target import Outcome, Target, Work

_START_S = 120.0
_MEMORY = 4 * 2**30
"""Bytes on top of what the start took: what asks for more gets a MemoryError instead of the machine's last."""
_work: Work
"""What a process of the pool does with its inputs."""


@dataclass(frozen=True)
class Report:
    """One run of a target.

    Attributes:
        target: What was fuzzed.
        seed: Seed of the inputs.
        outcomes: What came of each input.
        seconds: Wall-clock time of the run.
    """

    target: Target
    seed: int
    outcomes: Sequence[Outcome]
    seconds: float

    @property
    def findings(self) -> list[Outcome]:
        """The inputs that something went wrong with."""
        return [outcome for outcome in self.outcomes if outcome.finding is not None]


def run(target: Target, seed: int, first: int, count: int) -> Report:
    """Feed ``count`` inputs from the one with index ``first`` on."""
    begin = time.monotonic()
    outcomes = list(_outcomes(target, seed, range(first, first + count)))
    return Report(target, seed, outcomes, time.monotonic() - begin)


def _outcomes(target: Target, seed: int, indices: Sequence[int]) -> Iterator[Outcome]:
    """Feed inputs, also those that kill or stop the process that they are fed to."""
    with tempfile.TemporaryDirectory(prefix="fuzzing-") as folder:
        worker = _Worker(target, seed, folder)
        for start in range(0, len(indices), target.batch):
            batch = indices[start : start + target.batch]
            answer = worker.feed(batch)
            yield from _one_by_one(worker, batch, answer) if isinstance(answer, str) else answer
        worker.stop()


def _one_by_one(worker: _Worker, batch: Sequence[int], together: str) -> list[Outcome]:
    """Feed the inputs of a batch that went wrong, each alone, so that the guilty one is named."""
    outcomes: list[Outcome] = []
    for index in batch:
        answer = worker.feed([index])
        outcomes += [Outcome(index, finding=f"the process {answer}")] if isinstance(answer, str) else answer
    if not any(outcome.finding for outcome in outcomes):
        only = f"the process {together}, but only with inputs {batch[0]} to {batch[-1]} together"
        outcomes[0] = Outcome(batch[0], finding=only)
    return outcomes


class _Worker:
    """A process that works on batches of inputs in an empty folder, and is started anew after it died or hung."""

    def __init__(self, target: Target, seed: int, folder: str) -> None:
        self._target, self._settings = target, (target.prepare, seed, folder)
        self._pool: ProcessPoolExecutor | None = None
        self._pid = 0

    def feed(self, indices: Sequence[int]) -> list[Outcome] | str:
        """Feed inputs: what came of them, or what the process did instead of saying so."""
        pool = self._pool or self._start()
        try:
            return pool.submit(_feed, list(indices)).result(self._target.seconds)
        except TimeoutError:
            os.kill(self._pid, signal.SIGKILL)
            answer = f"hung for {self._target.seconds:g} seconds"
        except BrokenProcessPool:
            answer = "died"
        except Exception as error:
            return f"raised {type(error).__name__}: {str(error)[:300]!r}"
        self.stop()
        return answer

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])  # so that torch is imported once, and a new process is there at once
        self._pool = ProcessPoolExecutor(1, context, _prepare, self._settings)
        self._pid = self._pool.submit(os.getpid).result(_START_S)
        return self._pool

    def stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        self._pool = None


def _prepare(prepare: Callable[[int], Work], seed: int, folder: str) -> None:
    global _work
    os.chdir(folder)
    torch.set_num_threads(1)
    _work = prepare(seed)
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0])
    limit = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _feed(indices: Sequence[int]) -> list[Outcome]:
    return _work(indices)
