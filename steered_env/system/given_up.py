"""Threads whose work is given up when nobody waits for it any more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


class GivenUpError(RuntimeError):
    """Work that was given up halfway, since nobody waits for it any more."""


_this_thread = threading.local()
"""In a thread of `worker_threads`, ``given_up`` is the event that ends its work."""


@contextmanager
def worker_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Have a pool of ``count`` threads for the time of a ``with`` block.

    When an error or Ctrl-C leaves the block, work that has not begun is dropped, and work that has begun ends at its
    next `check_given_up`.
    """
    given_up = threading.Event()

    def belong() -> None:
        _this_thread.given_up = given_up

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
    given_up: threading.Event | None = getattr(_this_thread, "given_up", None)
    if given_up is not None and given_up.is_set():
        raise GivenUpError("given up, since nobody waits for it any more")
