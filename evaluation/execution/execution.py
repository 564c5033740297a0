"""The options of how a measurement is run, which change none of its numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from steered_env.simulator import whole_number
from steered_env.system import cores


@dataclass(frozen=True)
class Execution:
    """The options of how a measurement is run; its numbers do not depend on them.

    Attributes:
        workers: Threads of this process, where no cluster does the work; None for one per core, or one for a GPU.
        on_progress: Called with (mazes done, mazes in all) at the start and after each chunk.
        out: The folder that keeps every chunk of mazes as soon as it is measured; None keeps the rows in memory.
        chunk: Mazes in each chunk; None chooses by their number. A run that goes on keeps its own.
        ray: Address of the Ray cluster that does the work, or None.
        replace: Whether a *finished* run in ``out`` with another configuration or code is replaced.
        other_code: Whether a run in ``out`` that other code began goes on.

    Raises:
        TypeError: if ``workers`` or ``chunk`` is no whole number.
        ValueError: if one is below 1.
    """

    workers: int | None = None
    on_progress: Callable[[int, int], None] | None = None
    out: Path | None = None
    chunk: int | None = None
    ray: str | None = None
    replace: bool = False
    other_code: bool = False

    def __post_init__(self) -> None:
        for name in ("workers", "chunk"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, whole_number(value, name, 1))


def worker_count(workers: int | None, device: str = "cpu") -> int:
    """Number of threads to use: ``workers``; or one per core that this process may use, but one alone for a GPU.

    The threads of a GPU take turns at its queue and in the interpreter: several were slower than one.
    """
    if workers is not None:
        return workers
    return cores() if torch.device(device).type == "cpu" else 1
