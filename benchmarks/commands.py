"""What a newcomer waits for after the installation."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .timing import Row

_MAKEFILE = Path(__file__).parent.parent / "Makefile"


def rows() -> list[Row]:
    """The commands of `make table`, one after the other, in a folder of their own."""
    commands = commands_of("table")
    with tempfile.TemporaryDirectory() as folder:
        times = [_seconds(command, folder) for command in commands]
    parts = ", ".join(f"`{command[0]}` {took:.1f} s" for command, took in zip(commands, times, strict=True))
    return [Row("`make table` once it is installed", f"{sum(times):.1f} s", parts, "–", "–")]


def commands_of(target: str) -> list[list[str]]:
    """The arguments of `steered-env` in a target of the Makefile."""
    text = _MAKEFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert recipe is not None
    lines = [line.strip().replace("$(POLICY)", "small") for line in recipe[1].splitlines()]
    return [shlex.split(line.removeprefix("$(BIN)/steered-env")) for line in lines if "steered-env" in line]


def _seconds(arguments: list[str], folder: str) -> float:
    begin = time.perf_counter()
    program = [sys.executable, "-c", "from evaluation.cli import main; main()", *arguments]
    subprocess.run(program, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin
