"""Exact rates on a GPU against the processor, and against what drawing the observations allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

from evaluation import evaluate
from evaluation.measuring.chain import Chain
from evaluation.measuring.conditions import USUAL_CONDITIONS
from steered_env import Maze, load_policy
from steered_env.simulator import draw_observations
from steered_env.system import cores, worker_threads

from .timing import Row, seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEVELS = {"small": range(192), "full": range(96)}
_CPU_LEVELS = {"small": range(16), "full": range(6)}
_CPU_WORKERS = 2
_DRAWN = 2048


def rows() -> Iterator[Row]:
    """The packaged policies on a GPU; no rows where there is none."""
    if torch.cuda.is_available():
        for name in _LEVELS:
            yield _exact(name)


def _exact(name: str) -> Row:
    policy, levels, few = load_policy(name), _LEVELS[name], _CPU_LEVELS[name]
    evaluate(policy, few, USUAL_CONDITIONS, device="cuda")  # the GPU's libraries are loaded by now
    with _counted_observations() as counted:
        gpu = len(levels) / seconds(lambda: evaluate(policy, levels, USUAL_CONDITIONS, device="cuda"))
    cpu = len(few) / seconds(lambda: evaluate(policy, few, USUAL_CONDITIONS, device="cpu", workers=_CPU_WORKERS))
    limit = _drawing_rate() / (sum(counted) / len(levels))
    return Row(
        f"exact, policy `{name}`, {len(levels)} levels, {torch.cuda.get_device_name()} and {cores()} cores, "
        f"levels per second ({len(USUAL_CONDITIONS)} conditions)",
        f"{gpu:.1f}",
        f"{_CPU_WORKERS} of these cores, {len(few)} levels: {cpu:.2f}",
        f"{gpu / cpu:.1f}",
        f"{limit / cpu:.1f}: all cores draw the observations and do nothing else ({limit:.0f} levels per second)",
    )


@contextmanager
def _counted_observations() -> Iterator[list[int]]:
    """Numbers of observations, one for each time that some are drawn."""
    counted: list[int] = []
    draw = Chain.observations

    def counting(self: Chain, states: Iterable[int]) -> NDArray[np.uint8]:
        drawn = draw(self, states)
        counted.append(len(drawn))
        return drawn

    Chain.observations = counting  # type: ignore[method-assign]
    try:
        yield counted
    finally:
        Chain.observations = draw  # type: ignore[method-assign]


def _drawing_rate() -> float:
    """Observations per second, drawn by all cores."""
    mazes = Maze.from_levels(range(_DRAWN))
    shares = [mazes[number :: cores()] for number in range(cores())]
    with worker_threads(cores()) as pool:
        list(pool.map(draw_observations, shares))
        return _DRAWN / seconds(lambda: list(pool.map(draw_observations, shares)))
