"""The lock of a run's folder, which names the process that works there."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import portalocker

from .errors import RunError

_LOCK = "lock"
_PATIENCE_S = 1.0
_PAUSE_S = 0.05


@dataclass(frozen=True)
class Session:
    """A process that worked, or works, in a run's folder.

    Attributes:
        pid: Process id.
        host: Name of its machine.
        since: When it began, in seconds since 1970.
    """

    pid: int
    host: str
    since: float


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Have a run's folder to oneself; the system gives it back when the process ends, however it ends.

    Raises:
        RunError: if another process has it; names that one. Or if a file is called so that is no run's lock.
    """
    path = folder / _LOCK
    if path.exists() and not _is_lock(path):
        raise RunError(f"{path} is not the lock of a run, and would be written over: choose another --out")
    try:
        # it tries for a second, since `is_locked` holds the lock for a moment
        with portalocker.Lock(path, "a+", timeout=_PATIENCE_S, check_interval=_PAUSE_S, encoding="utf-8") as file:
            file.truncate(0)
            file.write(json.dumps(asdict(Session(os.getpid(), socket.gethostname(), time.time()))) + "\n")
            file.flush()
            yield
    except portalocker.AlreadyLocked:
        holder = last_session(folder)
        who = f"process {holder.pid} on {holder.host}" if holder else "another process"
        raise RunError(f"{folder} is in use by {who}: wait until it is done, or choose another --out") from None


def is_locked(folder: Path) -> bool:
    """Tell whether a process works in a run's folder now."""
    try:
        with (folder / _LOCK).open("rb") as file:
            portalocker.lock(file, portalocker.LockFlags.SHARED | portalocker.LockFlags.NON_BLOCKING)
    except portalocker.AlreadyLocked:
        return True
    except (OSError, portalocker.LockException):
        return False
    return False


def last_session(folder: Path) -> Session | None:
    """Read which process works in a run's folder, or was the last to do so; None if that is not known."""
    try:
        session = Session(**json.loads((folder / _LOCK).read_text(encoding="utf-8")))
        return Session(int(session.pid), str(session.host), float(session.since))
    except (OSError, ValueError, TypeError):
        return None


def _is_lock(path: Path) -> bool:
    """Tell whether a file is what `locked` wrote, or empty, as a process leaves it that is killed at once."""
    try:
        return not path.stat().st_size or last_session(path.parent) is not None
    except OSError:
        return False
