"""Being stopped: between two steps where something would be lost, at once where not."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_DEEP_S = 0.5
"""After so long without an answer the main thread is deep in a computation, where Python runs no handlers."""
_wholes: list[Callable[[], str]] = []
"""What is kept of the work that others are parts of, the whole first."""
_commands: list[object] = []
"""Blocks that are all that this process is for."""


class _Stopping:
    """A handler of stop signals; says what is kept, once, in whichever thread comes to it first.

    Args:
        what: what happens now.
        kept: what is kept, and how to go on.
    """

    def __init__(self, what: str, kept: Callable[[], str]) -> None:
        self.handled = 0
        self._what, self._kept = what, kept
        self._is_said = False
        self._lock = threading.RLock()

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Handle one signal."""
        self.handled += 1
        self.say()
        self.act()

    def act(self) -> None:
        """Stop at once."""
        raise KeyboardInterrupt

    def say(self) -> None:
        """Print what is kept, unless it was said."""
        if self._lock.acquire(timeout=2 * _DEEP_S):  # another thread may wait for what this one was doing
            try:
                if not self._is_said:
                    self._is_said = True
                    _print_to_stderr(f"{self._what}: {(_wholes or [self._kept])[0]()}\n")
            finally:
                self._lock.release()


def _print_to_stderr(line: str) -> None:
    try:
        sys.stderr.write(line)
        sys.stderr.flush()
    except RuntimeError:  # the signal came in the middle of another print
        os.write(sys.stderr.fileno(), line.encode())


class StopRequest(_Stopping):
    """Whether somebody asked the run to stop; a second request stops it at once.

    Args:
        kept: what is kept, and how to go on; printed as soon as somebody asks.
    """

    def __init__(self, kept: Callable[[], str]) -> None:
        super().__init__("stopping after the step under way; again stops at once", kept)
        self.made = False

    def act(self) -> None:
        """Note the request; a second one stops at once."""
        if self.made:
            raise KeyboardInterrupt
        self.made = True


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
def stopped_at_once(kept: Callable[[], str], *, whole: bool = False, command: bool = False) -> Iterator[None]:
    """Let SIGTERM, like Ctrl-C, raise KeyboardInterrupt, so that half-written files are removed, and say so first.

    Args:
        kept: what is kept, and how to go on; printed at the signal, before anything is cleaned up.
        whole: what else notes stop requests inside this block is a part of it, and says this instead of its own.
        command: this block is all that the process is for: where a second signal finds it deep in a computation, as a
            backward pass of a wide network is, the process ends there.
    """
    owner = object()
    if whole:
        _wholes.append(kept)
    if command:
        _commands.append(owner)
    try:
        with _handled_by(_Stopping("stopping", kept)):
            yield
    finally:
        if whole:
            _wholes.remove(kept)
        if command:
            _commands.remove(owner)


@contextmanager
def _handled_by(handler: _Stopping) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        with _watched(handler):
            yield
    finally:
        for number, previous in before.items():
            signal.signal(number, signal.SIG_DFL if previous is None else previous)  # None: set by another language


@contextmanager
def _watched(handler: _Stopping) -> Iterator[None]:
    """Let a thread answer signals where the main thread does not come to run their handler."""
    receiving, sending = socket.socketpair()
    sending.setblocking(False)
    ended = threading.Event()
    others = signal.set_wakeup_fd(sending.fileno(), warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(handler, receiving, ended, others), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(others)
        ended.set()
        sending.close()
        watcher.join()
        receiving.close()


def _watch(handler: _Stopping, receiving: socket.socket, ended: threading.Event, others: int) -> None:
    """Answer signals that the main thread leaves unanswered.

    Args:
        handler: of the block.
        receiving: gives the number of each signal, as soon as it comes.
        ended: set when the block is over.
        others: where the numbers of other signals go; -1 for nowhere.
    """
    came = 0
    while numbers := receiving.recv(64):
        if rest := bytes(number for number in numbers if number not in _SIGNALS):
            if others != -1:
                with suppress(OSError):
                    os.write(others, rest)
            if len(rest) == len(numbers):
                continue
        came += 1
        if ended.wait(_DEEP_S):
            return
        handler.say()
        if came > 1 and handler.handled < came and _commands and not ended.wait(_DEEP_S):
            if sys.stderr.isatty():
                os.write(sys.stderr.fileno(), b"\x1b[?25h\n")  # a progress bar had hidden the cursor
            os._exit(128 + max(number for number in numbers if number in _SIGNALS))


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
