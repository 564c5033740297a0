"""Being stopped: between two steps where something would be lost, at once where not."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether somebody asked the run to stop.

    Args:
        kept: what is kept, and how to go on; printed as soon as somebody asks.
    """

    def __init__(self, kept: Callable[[], str]) -> None:
        self.made = False
        self._kept = kept

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Note the request, and say so; a second one stops at once."""
        if self.made:
            raise KeyboardInterrupt
        self.made = True
        _say("stopping after the step under way; again stops at once", self._kept)


_wholes: list[Callable[[], str]] = []
"""What is kept of the work that others are parts of, the whole first."""


def _say(what: str, kept: Callable[[], str]) -> None:
    with suppress(RuntimeError):  # the signal may have come in the middle of another print
        sys.stderr.write(f"{what}: {(_wholes or [kept])[0]()}\n")
        sys.stderr.flush()


@contextmanager
def stop_requests(kept: Callable[[], str]) -> Iterator[StopRequest]:
    """Note Ctrl-C and SIGTERM instead of being stopped by them, for the time of a ``with`` block.

    Outside the main thread, where Python allows no such handlers, nothing is noted.

    Args:
        kept: see `StopRequest`.
    """
    request = StopRequest(kept)
    with _handled_by(request):
        yield request


@contextmanager
def stopped_at_once(kept: Callable[[], str], *, whole: bool = False) -> Iterator[None]:
    """Let SIGTERM, like Ctrl-C, raise KeyboardInterrupt, so that half-written files are removed, and say so first.

    Args:
        kept: what is kept, and how to go on; printed at the signal, before anything is cleaned up.
        whole: what else notes stop requests inside this block is a part of it, and says this instead of its own.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        _say("stopping", kept)
        raise KeyboardInterrupt

    if whole:
        _wholes.append(kept)
    try:
        with _handled_by(stop):
            yield
    finally:
        if whole:
            _wholes.remove(kept)


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, signal.SIG_DFL if previous is None else previous)  # None: set by another language


class GivenUpError(RuntimeError):
    """Work that was given up halfway, since nobody waits for it any more."""


_own = threading.local()
"""In a thread of `worker_threads`: the event that gives up its work."""


@contextmanager
def worker_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads for the time of a ``with`` block; when that ends early what they do is given up.

    That is when an error or Ctrl-C leaves the block: work that has not begun is dropped, and what has ends at its next
    `check_given_up`.

    Args:
        count: how many threads.
    """
    given_up = threading.Event()

    def belong() -> None:
        _own.given_up = given_up

    pool = ThreadPoolExecutor(count, initializer=belong)
    try:
        yield pool
    except BaseException:
        given_up.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def check_given_up() -> None:
    """End what this thread does, if nobody waits for it any more; to be called every few moments of long work.

    Raises:
        GivenUpError: if so.
    """
    event: threading.Event | None = getattr(_own, "given_up", None)
    if event is not None and event.is_set():
        raise GivenUpError("given up, since nobody waits for it any more")


def ignore_ctrl_c(_worker: int) -> None:
    """Let a worker live until its parent, which gets the same Ctrl-C, is done with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
