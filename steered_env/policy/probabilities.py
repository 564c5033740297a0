"""Action probabilities: from logits, and whether they are probabilities at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from steered_env.simulator import ACTIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUM_TOLERANCE = 1e-3
"""Largest distance of the sum of the 15 probabilities from 1: that of half precision."""


@runtime_checkable
class ActionProbabilities(Protocol):
    """What a policy must offer to be measured; to be steered as well it must be a torch module."""

    def action_probabilities(self, observations: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(B, 64, 64, 3)`` uint8 to ``(B, 15)`` float32."""
        ...


def probabilities_of(logits: Tensor) -> NDArray[np.float32]:
    """The softmax of logits ``(B, 15)`` in any precision, as float32."""
    probabilities: NDArray[np.float32] = logits.float().softmax(1).cpu().numpy()
    return probabilities


def check_shape(probabilities: object, count: int, policy: object) -> NDArray[np.floating[Any]]:
    """Check that a policy gave one row of 15 numbers for each observation, and return them.

    Raises:
        ValueError: if it is something else; names the policy's class.
    """
    rows: NDArray[np.floating[Any]] = np.asarray(probabilities)
    if rows.shape != (count, ACTIONS) or not np.issubdtype(rows.dtype, np.number):
        raise ValueError(
            f"action_probabilities of {type(policy).__name__} must give {ACTIONS} numbers for each of {count} "
            f"observations, ({count}, {ACTIONS}), got {rows.dtype} of shape {rows.shape}"
        )
    return rows


def first_fault(rows: NDArray[np.floating[Any]]) -> tuple[int, str] | None:
    """The first of many rows ``(N, 15)`` that are no probabilities, and what is wrong with it; or None.

    Each number must be finite and ≥ 0, and their sum 1.
    """
    exact = rows.astype(np.float64)
    if len(exact) and exact.min() >= 0 and np.abs(exact.sum(axis=1) - 1).max() <= SUM_TOLERANCE:
        return None  # so it is nearly always, and this takes a quarter of the time
    with np.errstate(invalid="ignore"):
        right = (exact >= 0).all(axis=1) & (np.abs(exact.sum(axis=1) - 1) <= SUM_TOLERANCE)
    if right.all():
        return None
    index = int(np.flatnonzero(~right)[0])
    return index, _fault_of(exact[index])


def _fault_of(row: NDArray[np.float64]) -> str:
    for wrong in (~np.isfinite(row), row < 0):
        if wrong.any():
            action = int(np.flatnonzero(wrong)[0])
            return f"that of action {action} is {row[action]:.6g}"
    return f"they sum to {row.sum():.6g}"
