"""Reach rates on held-out mazes of a policy's own training distribution."""

from __future__ import annotations

from collections.abc import Collection

from evaluation._evaluate import evaluate
from steered_env import ImpalaPolicy
from steered_env.training import held_out_mazes as held_out_mazes


def cheese_rate(
    policy: ImpalaPolicy, cheese_region: int, count: int, sizes: Collection[int] | None = None
) -> dict[str, float]:
    """The mean cheese rate over ``count`` held-out mazes, exact method, as a column of a curve."""
    mazes = held_out_mazes(count, sizes, cheese_region=cheese_region)
    return {"cheese_rate": float(evaluate(policy, mazes=mazes).frame["reach_cheese"].mean())}
