"""One process at a time in a run's folder, and who it is."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import RunError

_LOCK = "lock"
_PATIENCE_S = 1.0
_PAUSE_S = 0.05


@dataclass(frozen=True)
class Session:
    """A process that worked, or works, in a run's folder.

    Attributes:
        pid: of the process.
        host: its machine.
        since: when it began, in seconds since 1970.
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
    with path.open("a+", encoding="utf-8") as file:
        if not _acquired(file.fileno()):
            holder = last_session(folder)
            who = f"process {holder.pid} on {holder.host}" if holder else "another process"
            raise RunError(f"{folder} is in use by {who}: wait until it is done, or choose another --out")
        file.truncate(0)
        file.write(json.dumps(asdict(Session(os.getpid(), socket.gethostname(), time.time()))) + "\n")
        file.flush()
        yield


def is_locked(folder: Path) -> bool:
    """Whether a process works in a run's folder now."""
    try:
        with (folder / _LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def last_session(folder: Path) -> Session | None:
    """Who works in a run's folder, or was the last to do so; None if that is not known."""
    try:
        session = Session(**json.loads((folder / _LOCK).read_text(encoding="utf-8")))
        return Session(int(session.pid), str(session.host), float(session.since))
    except (OSError, ValueError, TypeError):
        return None


def _is_lock(path: Path) -> bool:
    """Whether it is what `locked` wrote; nothing yet, if a process was killed before it could."""
    try:
        return not path.stat().st_size or last_session(path.parent) is not None
    except OSError:
        return False


def _acquired(handle: int) -> bool:
    """Tries for a second, since `is_locked` holds the lock for a moment."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_S)
        else:
            return True
