"""The training curve: what the losses and accuracies were, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from steered_env.training.older_runs import with_present_names

if TYPE_CHECKING:
    from .learner import Losses

_PARTS = ("total", "policy", "dense", "mouse", "value")


class Curve:
    """Points of a training curve, each the mean loss since the point before.

    Args:
        state: What `state` returned, to go on from there; an older version's may know other losses.

    Attributes:
        points: The points so far, each a row of ``curve.csv``.
    """

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        state = state or {}
        self.points: list[dict[str, float]] = [with_present_names(point) for point in state.get("points", [])]
        sums = state.get("sums", {})
        self._sums: dict[str, float] = {part: sums.get(part, 0.0) for part in _PARTS}
        self._batches: int = state.get("batches", 0)

    def add(self, losses: Losses) -> None:
        """Count a batch."""
        for part in _PARTS:
            self._sums[part] += float(getattr(losses, part).detach())
        self._batches += 1

    def close_point(self, done: int, seconds: float, rate: float, columns: Mapping[str, float]) -> None:
        """End a point after ``done`` examples with further ``columns``."""
        batches = max(1, self._batches)
        means = {f"{part}_loss": self._sums[part] / batches for part in _PARTS}
        self.points.append({"examples": done, "seconds": round(seconds, 1), "learning_rate": rate, **means, **columns})
        self._sums, self._batches = dict.fromkeys(_PARTS, 0.0), 0

    def state(self) -> dict[str, Any]:
        """The curve as plain values, for a checkpoint."""
        return {"points": self.points, "sums": self._sums, "batches": self._batches}
