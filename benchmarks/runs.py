"""Runs in a folder: against the bare network's own limit, their memory, and two workers against one."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from torch import Tensor

from evaluation import UniformPolicy, evaluate
from evaluation.measuring import packed_forward
from evaluation.measuring.conditions import USUAL_CONDITIONS
from steered_env import load_policy

from .peak_memory import peak_mebibytes
from .timing import Row, in_turn, seconds

_LEVELS = {"small": range(40), "full": range(8)}
_MEMORY_LEVELS = (100, 5000)
_GROWING = (100, 1000, 10_000)


def rows() -> Iterator[Row]:
    """Runs in a folder: against the network alone, in two threads, and as they grow."""
    yield _against_the_network("small")
    yield _against_the_network("full")
    yield _two_workers_against_one()
    yield from _growing()
    yield _memory()


def _two_workers_against_one() -> Row:
    """The same run with one thread and with two."""
    policy, levels = load_policy(), _LEVELS["small"]
    one, two = in_turn(lambda: _run(policy, levels, workers=1), lambda: _run(policy, levels, workers=2), rounds=3)
    return Row(
        f"a run in a folder, 2 workers, levels per second ({len(USUAL_CONDITIONS)} conditions)",
        f"{len(levels) / two:.2f}",
        f"1 worker: {len(levels) / one:.2f}",
        f"{one / two:.2f}",
        "2",
    )


def _growing() -> Iterator[Row]:
    """Time per level as levels grow; with next to no episode, so that what a run itself costs is seen."""
    _seconds_per_level(8)  # what the first run loads
    taken = {count: _seconds_per_level(count) for count in _GROWING}
    smallest = taken.pop(_GROWING[0])
    for count, each in taken.items():
        yield Row(
            f"a run in a folder, {count:,} levels, milliseconds per level (one sampled episode of 4 steps, no network)",
            f"{1000 * each:.1f}",
            f"{_GROWING[0]} levels: {1000 * smallest:.1f}",
            f"{each / smallest:.2f}",
            "1 (linear)",
        )


def _seconds_per_level(levels: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        job = partial(evaluate, UniformPolicy(), range(levels), method="sampled", episodes=1, horizon=4, out=folder)
        return seconds(job) / levels


def _memory() -> Row:
    """Peak memory of a run of few levels, and of one of many, rows being on disk."""
    few, many = (_peak_mebibytes(count) for count in _MEMORY_LEVELS)
    return Row(
        f"peak memory of a run in a folder while it runs, {_MEMORY_LEVELS[1]:,} levels (horizon 16, baseline)",
        f"{many:.0f} MiB",
        f"{_MEMORY_LEVELS[0]} levels: {few:.0f} MiB",
        f"{many / few:.2f}",
        "1 (flat)",
    )


def _against_the_network(name: str) -> Row:
    policy, levels = load_policy(name), _LEVELS[name]
    shares = []
    times = []
    for _ in range(3):
        clock = _NetworkClock()
        with clock:
            begin = time.perf_counter()
            _run(policy, levels, workers=1)
            times.append(time.perf_counter() - begin)
        shares.append(clock.seconds / times[-1])
    share, took = sorted(shares)[1], sorted(times)[1]
    return Row(
        f"a run in a folder, policy `{name}`, 1 worker, levels per second ({len(USUAL_CONDITIONS)} conditions)",
        f"{len(levels) / took:.2f}",
        f"the network alone in the same batches: {len(levels) / took / share:.2f}",
        f"{share:.2f}",
        "1; the aim: 0.80",
    )


class _NetworkClock:
    """Adds up the time that the batches of `PackedForward` take in the network, inside a ``with`` block."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._plain = plain = packed_forward.in_batches

        def timed(rows: Tensor, size: int, run: Callable[[Tensor], Tensor]) -> Tensor:
            begin = time.perf_counter()
            result = plain(rows, size, run)
            with self._lock:
                self.seconds += time.perf_counter() - begin
            return result

        packed_forward.in_batches = timed

    def __exit__(self, *_: object) -> None:
        packed_forward.in_batches = self._plain


def _run(policy: object, levels: range, workers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        evaluate(policy, levels, USUAL_CONDITIONS, out=Path(folder), workers=workers)  # type: ignore[arg-type]


def _peak_mebibytes(levels: int) -> float:
    """Of a process that measures, before it loads the rows; few steps, since memory does not depend on them."""
    return peak_mebibytes(
        "import tempfile\nfrom evaluation import evaluate\nfrom steered_env import load_policy\n"
        "peaks = []\nnote = lambda *_: peaks.append(peak())\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        f"    evaluate(load_policy(), range({levels}), horizon=16, out=folder, on_progress=note)\n"
        "print(peaks[-1])"
    )
