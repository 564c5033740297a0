"""How soon the command and the library are there, against importing torch alone."""

from __future__ import annotations

import subprocess
import sys

from .timing import Row, in_turn

_PROGRAMS = {
    "`steered-env --help`": ("-c", "from evaluation.cli import main; main()", "--help"),
    "`import steered_env`": ("-c", "import steered_env"),
}


def rows() -> list[Row]:
    """Whole processes; each number is what a program takes beyond a Python that does nothing."""
    nothing, torch, *ours = in_turn(
        lambda: _run("-c", "pass"),
        lambda: _run("-c", "import torch"),
        *(lambda arguments=arguments: _run(*arguments) for arguments in _PROGRAMS.values()),
    )
    against = torch - nothing
    return [
        Row(
            name,
            f"{taken - nothing:.2f} s",
            f"`import torch`: {against:.2f} s",
            f"{(taken - nothing) / against:.2f}",
            "the aim: 0.25",
        )
        for name, taken in zip(_PROGRAMS, ours, strict=True)
    ]


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
