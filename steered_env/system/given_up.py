"""Threads whose work is given up when nobody waits for it any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TypeVar


class GivenUpError(RuntimeError):
    """Work that was given up halfway, since nobody waits for it any more."""


_Item = TypeVar("_Item")
_this_thread = threading.local()
"""In a thread whose work may be given up, ``given_up`` is the event that ends it."""


class _WorkerThreads(ThreadPoolExecutor):
    """Threads that do each piece of work in the context of whoever hands it in, so also under its steering."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(copy_context().run, fn, *args, **kwargs)


@contextmanager
def worker_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Have a pool of ``count`` threads for the time of a ``with`` block.

    They work in the caller's `contextvars` context: in a block that steers a network, they steer it too.

    When an error or Ctrl-C leaves the block, work that has not begun is dropped, and work that has begun ends at its
    next `check_given_up`.
    """
    given_up = threading.Event()

    def belong() -> None:
        _this_thread.given_up = given_up

    pool = _WorkerThreads(count, initializer=belong)
    try:
        yield pool
    except BaseException:
        given_up.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def given_up_by(event: threading.Event) -> Iterator[None]:
    """Let an event end, at its next `check_given_up`, what this thread does in a ``with`` block."""
    before = getattr(_this_thread, "given_up", None)
    _this_thread.given_up = event
    try:
        yield
    finally:
        _this_thread.given_up = before


def in_threads_of(pool: Executor, work: Callable[[_Item], object], items: Iterable[_Item]) -> None:
    """Do a piece of work for each item in the threads of a pool that outlives the call, which ends when all is done.

    The pieces are done in the caller's `contextvars` context.
    On an error, or when this thread's own work is given up, pieces that have not begun are dropped, and those that have
    begun end at their next `check_given_up`.
    """
    given_up = threading.Event()

    def run(item: _Item) -> None:
        with given_up_by(given_up):
            check_given_up()
            work(item)

    futures = [pool.submit(copy_context().run, run, item) for item in items]
    try:
        for future in futures:
            check_given_up()
            future.result()
    except BaseException:
        given_up.set()
        raise


def check_given_up() -> None:
    """End what this thread does, if nobody waits for it any more; to be called every few moments of long work.

    Raises:
        GivenUpError: if so.
    """
    given_up: threading.Event | None = getattr(_this_thread, "given_up", None)
    if given_up is not None and given_up.is_set():
        raise GivenUpError("given up, since nobody waits for it any more")
