"""The runs below a folder: how far each is, and how fast."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from .errors import RunError
from .folder import Progress, RunFolder
from .lock import is_locked, last_session
from .manifest import MANIFEST

_CENTURY_S = 100 * 365.25 * 24 * 3600
"""Longest time left that is shown; a longer one means that the clock of a machine was wrong."""


@dataclass(frozen=True)
class Run:
    """A run as it is now.

    Attributes:
        path: Path of the run's folder.
        what: Policy, mazes and method, for people; or the problem with its manifest.
        progress: Progress of the run; None if its manifest cannot be read.
        working: Whether a process works on it.
        rate: Mazes per second since the last process began on it; None before its first chunk.
    """

    path: Path
    what: str
    progress: Progress | None
    working: bool
    rate: float | None

    @property
    def state(self) -> str:
        """State of the run: ``finished``, ``running``, ``stopped`` or ``damaged``."""
        if self.progress is None:
            return "damaged"
        if self.working:
            return "running"
        return "finished" if self.progress.finished else "stopped"


def find_runs(folder: Path) -> list[Run]:
    """Find all runs in a folder and below it, sorted by path.

    Raises:
        FileNotFoundError: if there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    runs = []
    for path, folders, files in os.walk(folder):
        if MANIFEST in files:
            runs.append(_run(Path(path)))
            folders.clear()
    return sorted(runs, key=lambda run: run.path)


def runs_table(runs: Sequence[Run]) -> pd.DataFrame:
    """Runs for people: one row each, all as text."""
    return pd.DataFrame(
        [
            {
                "run": str(run.path),
                "state": run.state,
                "done": "–" if run.progress is None else str(run.progress),
                "mazes/s": "–" if run.rate is None else f"{run.rate:.1f}",
                "left": _left(run),
                "what": run.what,
            }
            for run in runs
        ]
    )


def _run(path: Path) -> Run:
    try:
        folder = RunFolder.read(path)
        assert folder is not None
        measured = folder.manifest.configuration
        called = folder.manifest.description.get("policy_name")
        what = f"{called}: " if called else ""
        what += ", ".join(str(measured[name]) for name in ("policy", "mazes", "method"))
        what += f", conditions: {len(measured['conditions'])}"
        return Run(path, what, folder.progress(), is_locked(path), _rate(folder))
    except (RunError, OSError, LookupError, TypeError) as error:
        return Run(path, f"{type(error).__name__}: {error}", None, is_locked(path), None)


def _rate(folder: RunFolder) -> float | None:
    session = last_session(folder.path)
    if session is None:
        return None
    since = {number: time for number, time in folder.times().items() if time >= session.since}
    if not since:
        return None
    return folder.manifest.mazes_in(since) / max(max(since.values()) - session.since, 1e-3)


def _left(run: Run) -> str:
    if run.progress is None or run.rate is None or run.progress.finished:
        return "–"
    seconds = (run.progress.mazes - run.progress.done) / run.rate
    return str(datetime.timedelta(seconds=round(seconds))) if seconds < _CENTURY_S else "–"
