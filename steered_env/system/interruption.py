"""Ctrl-C and SIGTERM: work stops after the step under way where something would be lost, and at once elsewhere.

Either way one line says at once what is kept and how to go on.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_DEEP_S = 0.5
"""After so long without an answer the main thread is deep in a computation, where Python runs no handlers."""
_outer_reports: list[Callable[[], str]] = []
"""What the blocks with ``outer=True`` keep, the outermost first; inner blocks report that instead of their own."""
_commands: list[object] = []
"""The blocks with ``command=True``."""


class _StopHandler:
    """A handler of stop signals that reports what is kept, once, in whichever thread comes to it first.

    Args:
        event: What happens now, the beginning of the line.
        kept: Returns what is kept, and how to go on, the rest of the line.

    Attributes:
        handled: Number of signals that the main thread has handled.
    """

    def __init__(self, event: str, kept: Callable[[], str]) -> None:
        self.handled = 0
        self._event, self._kept = event, kept
        self._is_reported = False
        self._lock = threading.RLock()

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Handle one signal."""
        self.handled += 1
        self.report()
        self.stop()

    def stop(self) -> None:
        """Stop at once."""
        raise KeyboardInterrupt

    def report(self) -> None:
        """Print what is kept, the first time."""
        if self._lock.acquire(timeout=2 * _DEEP_S):  # another thread may wait for what this one was doing
            try:
                if not self._is_reported:
                    self._is_reported = True
                    _print_to_stderr(f"{self._event}: {(_outer_reports or [self._kept])[0]()}\n")
            finally:
                self._lock.release()


def _print_to_stderr(line: str) -> None:
    try:
        sys.stderr.write(line)
        sys.stderr.flush()
    except RuntimeError:  # the signal came in the middle of another print
        os.write(sys.stderr.fileno(), line.encode())


class StopRequest(_StopHandler):
    """Notes that somebody asked the work to stop; a second request stops it at once.

    Args:
        kept: Returns what is kept, and how to go on; it is printed as soon as somebody asks.

    Attributes:
        requested: Whether somebody asked.
    """

    def __init__(self, kept: Callable[[], str]) -> None:
        super().__init__("stopping after the step under way; again stops at once", kept)
        self.requested = False

    def stop(self) -> None:
        """Note the request; stop at once if it is the second one."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


@contextmanager
def stop_requests(kept: Callable[[], str]) -> Iterator[StopRequest]:
    """Note Ctrl-C and SIGTERM for the time of a ``with`` block, instead of being stopped by them.

    A KeyboardInterrupt that leaves the block says what is kept. Outside the main thread, where Python allows no
    handlers of signals, nothing is noted.

    Args:
        kept: As for `StopRequest`.
    """
    request = StopRequest(kept)
    try:
        with _handled_by(request):
            yield request
    except KeyboardInterrupt as stopped:
        raise KeyboardInterrupt(str(stopped) or f"stopped: {kept()}") from None


@contextmanager
def stopped_at_once(kept: Callable[[], str], *, outer: bool = False, command: bool = False) -> Iterator[None]:
    """Let SIGTERM, like Ctrl-C, raise KeyboardInterrupt in a ``with`` block, so that half-written files are removed.

    Args:
        kept: Returns what is kept, and how to go on; it is printed at the signal, before anything is cleaned up.
        outer: Blocks inside this one, of either kind, are parts of it and report what it keeps.
        command: This block is all that the process is for. Where a second signal finds it deep in a computation, such
            as a backward pass of a wide network, the process ends there.
    """
    block = object()
    if outer:
        _outer_reports.append(kept)
    if command:
        _commands.append(block)
    try:
        with _handled_by(_StopHandler("stopping", kept)):
            yield
    finally:
        if outer:
            _outer_reports.remove(kept)
        if command:
            _commands.remove(block)


@contextmanager
def _handled_by(handler: _StopHandler) -> Iterator[None]:
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
def _watched(handler: _StopHandler) -> Iterator[None]:
    """Let a thread answer signals where the main thread does not come to run their handler."""
    receiving, sending = socket.socketpair()
    sending.setblocking(False)
    ended = threading.Event()
    previous = signal.set_wakeup_fd(sending.fileno(), warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(handler, receiving, ended, previous), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        ended.set()
        sending.close()
        watcher.join()
        receiving.close()


def _watch(handler: _StopHandler, receiving: socket.socket, ended: threading.Event, previous: int) -> None:
    """Answer signals that the main thread leaves unanswered.

    Args:
        handler: Handler of the block.
        receiving: Gives the number of each signal, as soon as it comes.
        ended: Set when the block is over.
        previous: File descriptor that gets the numbers of other signals; -1 for none.
    """
    came = 0
    while numbers := receiving.recv(64):
        if others := bytes(number for number in numbers if number not in _SIGNALS):
            if previous != -1:
                with suppress(OSError):
                    os.write(previous, others)
            if len(others) == len(numbers):
                continue
        came += 1
        if ended.wait(_DEEP_S):
            return
        handler.report()
        if came > 1 and handler.handled < came and _commands and not ended.wait(_DEEP_S):
            if sys.stderr.isatty():
                os.write(sys.stderr.fileno(), b"\x1b[?25h\n")  # a progress bar had hidden the cursor
            os._exit(128 + max(number for number in numbers if number in _SIGNALS))


def ignore_interruptions(_worker: int) -> None:
    """Let a worker live until its parent is done with it: Ctrl-C, and a cluster's SIGTERM, go to the whole group."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
