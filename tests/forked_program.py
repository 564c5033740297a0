"""Programs in processes forked from the tests' own, which has everything imported, so that they begin at once."""

from __future__ import annotations

import atexit
import functools
import importlib
import multiprocessing
import os
import resource
import runpy
import signal
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryFile

from evaluation.execution.code_that_measures import measuring_code
from steered_env import Maze

_CONTEXT = multiprocessing.get_context("fork")
_OURS = {"evaluation", "steered_env"}


class ForkedProgram:
    """A script or code in a process of its own, forked from this one; signals, files and status are as in a new one.

    Args:
        program: Path of a script, or code.
        arguments: What stands behind it on the command line.
        folder: The process's working directory, and the first place where modules are looked for.
        largest_file: Number of bytes beyond which no file may grow, as if the disk were full.
        anew: Import our packages again, from `folder` if they lie there.

    Attributes:
        stderr: What it writes there, read as text while it runs.
        stdout: What it wrote there, once it has finished.
    """

    def __init__(
        self, program: str | Path, *arguments: str, folder: Path, largest_file: int | None = None, anew: bool = False
    ) -> None:
        _load_what_takes_long()
        read_end, write_end = os.pipe()
        self.stdout, self._stdout = "", TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self._process = _CONTEXT.Process(
            target=_run, args=(program, arguments, folder, largest_file, anew, self._stdout.fileno(), write_end)
        )
        self._process.start()
        os.close(write_end)
        self.stderr = os.fdopen(read_end, encoding="utf-8")

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    @property
    def printed(self) -> str:
        """What it wrote to stdout so far."""
        return os.pread(self._stdout.fileno(), 2**16, 0).decode()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to it."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def finish(self, timeout: float = 300) -> tuple[int, str]:
        """Wait for its end: its exit status, and the rest of what it wrote to stderr."""
        rest = self.stderr.read()
        self.stderr.close()
        self._process.join(timeout)
        assert self._process.exitcode is not None, f"it still runs after {timeout} seconds"
        self._stdout.seek(0)
        self.stdout = self._stdout.read()
        self._stdout.close()
        return self._process.exitcode, rest


@functools.cache
def _load_what_takes_long() -> None:
    """Load once what every process would take seconds to load."""
    Maze.from_level(0).render()
    measuring_code()
    for module in ("torch._dynamo", "stable_baselines3.common.evaluation"):
        importlib.import_module(module)


def _run(
    program: str | Path,
    arguments: tuple[str, ...],
    folder: Path,
    largest_file: int | None,
    anew: bool,
    stdout: int,
    stderr: int,
) -> None:
    atexit._clear()  # of this process's
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stderr)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", closefd=False)
    importlib.reload(warnings)  # in a test pytest keeps them
    os.chdir(folder)
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    if anew:
        for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
            del sys.modules[name]
    sys.argv = [str(program) if isinstance(program, Path) else "-c", *arguments]
    sys.path.insert(0, str(program.parent if isinstance(program, Path) else folder))
    try:
        if isinstance(program, Path):
            runpy.run_path(str(program), run_name="__main__")
        else:
            exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
    finally:
        atexit._run_exitfuncs()  # as at the end of any program
