"""The command in a process forked from the tests' own."""

from __future__ import annotations

from pathlib import Path

from tests.forked_program import ForkedProgram

_PROGRAM = "import sys; sys.argv[0] = 'steered-env'; from evaluation.cli import main; main()"


class ForkedCommand(ForkedProgram):
    """`steered-env` in a process of its own.

    Args:
        arguments: The command's.
        folder: The process's working directory.
        largest_file: Number of bytes beyond which no file may grow, as if the disk were full.
    """

    def __init__(self, *arguments: str, folder: Path, largest_file: int | None = None) -> None:
        super().__init__(_PROGRAM, *arguments, folder=folder, largest_file=largest_file)
