"""The command in a process forked from the tests' own."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
from pathlib import Path

from evaluation.cli.command import main


class ForkedCommand:
    """`steered-env` in a process of its own, forked from this one, which has everything imported.

    So it begins at once, where a new interpreter would import for seconds; signals, files and exit status are as there.

    Args:
        arguments: The command's.
        folder: The process's working directory.
        largest_file: Number of bytes beyond which no file may grow, as if the disk were full.

    Attributes:
        stderr: What it writes there, read as text while it runs.
    """

    def __init__(self, *arguments: str, folder: Path, largest_file: int | None = None) -> None:
        read_end, write_end = os.pipe()
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_run, args=(arguments, folder, largest_file, write_end))
        self._process.start()
        os.close(write_end)
        self.stderr = os.fdopen(read_end, encoding="utf-8")

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to it."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def finish(self, timeout: float = 120) -> tuple[int, str]:
        """Wait for its end: its exit status, and the rest of what it wrote to stderr."""
        rest = self.stderr.read()
        self.stderr.close()
        self._process.join(timeout)
        assert self._process.exitcode is not None, f"it still runs after {timeout} seconds"
        return self._process.exitcode, rest


def _run(arguments: tuple[str, ...], folder: Path, largest_file: int | None, stderr: int) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(stderr, 2)
    os.close(stderr)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", closefd=False)
    os.chdir(folder)
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    sys.argv = ["steered-env", *arguments]
    main()
