"""Programs in processes of their own, in which nothing of ours is imported yet.

What takes long to import is: they are forked from a server that has imported torch and its like, and nothing else.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["matplotlib.figure", "pandas", "pyarrow.parquet", "pytest", "scipy.stats", "torch", "torch._dynamo"]
)  # torch itself imports the last one with the first optimizer
_OURS = {"evaluation", "gym", "procgen", "ray", "stable_baselines3", "steered_env"}
_COMMAND = "from evaluation.cli import main; main()"


class FreshProcess:
    """A program, started as by a user.

    Args:
        program: Path of a script, or code.
        arguments: What stands behind it on the command line.
        folder: Working directory of the process.
        environment: All environment variables; defaults to those of this process.
    """

    def __init__(
        self,
        program: str | Path,
        *arguments: str,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._printed = TemporaryDirectory()
        streams = tuple(Path(self._printed.name, name) for name in ("stdout", "stderr"))
        variables = dict(os.environ if environment is None else environment)
        self._process = _CONTEXT.Process(target=_run, args=(program, arguments, folder, variables, streams))
        self._process.start()
        self.arguments, self._streams = arguments, streams

    def finish(self, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Wait for its end: its exit status and what it printed."""
        self._process.join(timeout)
        assert self._process.exitcode is not None, f"it still runs after {timeout} seconds"
        printed = [stream.read_text(encoding="utf-8") for stream in self._streams]
        self._printed.cleanup()
        return subprocess.CompletedProcess(self.arguments, self._process.exitcode, *printed)


def run_command(*arguments: str, folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `steered-env` to its end."""
    return FreshProcess(_COMMAND, *arguments, folder=folder, **options).finish()


def _run(
    program: str | Path,
    arguments: tuple[str, ...],
    folder: Path,
    environment: dict[str, str],
    streams: tuple[Path, Path],
) -> None:
    for number, stream in enumerate(streams, 1):
        os.dup2(os.open(stream, os.O_CREAT | os.O_WRONLY), number)
    assert not _OURS & set(sys.modules)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [
        str(program) if isinstance(program, Path) else "steered-env" if program == _COMMAND else "-c",
        *arguments,
    ]
    sys.path.insert(0, str(program.parent) if isinstance(program, Path) else "")
    try:
        if isinstance(program, Path):
            runpy.run_path(str(program), run_name="__main__")
        else:
            exec(compile(program, "<program>", "exec"), {"__name__": "__main__"})
    finally:
        atexit._run_exitfuncs()  # as at the end of any program
