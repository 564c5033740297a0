"""The log of PPO's updates: its episodes, and all that Stable-Baselines3 logs, to TensorBoard too.

A module of its own, since importing it imports Stable-Baselines3 and TensorBoard.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from steered_env.system import StopRequest, needing

with needing("sb3"):
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import KVWriter
    from torch.utils.tensorboard import SummaryWriter

_REPORT_EVERY_S = 1.0

LOGGED = (
    "steps",
    "seconds",
    "episodes",
    "cheese_share",
    "episode_length",
    "entropy_loss",
    "policy_gradient_loss",
    "value_loss",
    "approx_kl",
    "clip_fraction",
    "explained_variance",
)
"""The columns of the curve that every update has."""


class Episodes(BaseCallback):
    """Counts the episodes of one rollout; stops it when asked to."""

    def __init__(self, stop: StopRequest, report: Callable[[float, int], None]) -> None:
        super().__init__()
        self._stop, self._report = stop, report
        self._begun = self._reported = time.monotonic()
        self._lengths: list[int] = []
        self._cheese = 0

    def _on_step(self) -> bool:
        if self._stop.requested:
            raise KeyboardInterrupt  # the checkpoint of the last update is on disk
        for info in self.locals["infos"]:
            if "episode" in info:
                self._lengths.append(info["episode"]["l"])
                self._cheese += bool(info["reached_cheese"])
        now = time.monotonic()
        if now - self._reported > _REPORT_EVERY_S:
            self._reported = now
            self._report(now - self._begun, self.n_calls * self.training_env.num_envs)
        return True

    def summary(self) -> dict[str, float]:
        """Count the episodes that ended, the share of them at the cheese, and their mean length."""
        count = len(self._lengths)
        if not count:
            return {"episodes": 0}
        return {
            "episodes": count,
            "cheese_share": self._cheese / count,
            "episode_length": float(np.mean(self._lengths)),
        }


class TensorBoardLog(KVWriter):
    """Writes what Stable-Baselines3 logs to TensorBoard, and remembers the last of it.

    Args:
        folder: TensorBoard's folder; later points of an interrupted run that are already there are hidden.
        step: The step that the run has reached.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._board = SummaryWriter(str(folder), purge_step=step + 1)
        self.last: dict[str, float] = {}

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Log numbers, as Stable-Baselines3 calls it; they are in ``last`` until the next time."""
        self.last = {name: float(value) for name, value in key_values.items()}
        for name, value in self.last.items():
            self._board.add_scalar(name, value, step)
        self._board.flush()

    def close(self) -> None:
        """Finish TensorBoard's file."""
        self._board.close()
