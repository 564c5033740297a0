"""What reading and steering activations cost beside the bare forward pass."""

from __future__ import annotations

from collections.abc import Iterator

from steered_env import Maze, SteeredPolicy, cheese_vector, load_policy, read_activations
from steered_env.simulator import draw_observations
from steered_env.steering import DEFAULT_LAYER

from .timing import Row, in_turn

BATCH = 64
_ROUNDS = {BATCH: 11, 1: 101}


def rows() -> Iterator[Row]:
    """Reading and steering, in batches and one observation at a time, as in an episode."""
    maze = Maze.from_level(0)
    observations = draw_observations(Maze.from_levels(range(BATCH)))
    for name in ("small", "full"):
        policy = load_policy(name)
        steered = SteeredPolicy(policy, -cheese_vector(policy, maze))
        for count in (BATCH, 1):
            seen = observations[:count]
            read, changed, bare = in_turn(
                lambda seen=seen, policy=policy: read_activations(policy, [DEFAULT_LAYER], seen),  # type: ignore[misc]
                lambda seen=seen, steered=steered: steered.action_probabilities(seen),  # type: ignore[misc]
                lambda seen=seen, policy=policy: policy.action_probabilities(seen),  # type: ignore[misc]
                rounds=_ROUNDS[count],
            )
            batch = f"policy `{name}`, batches of {count}, observations per second"
            against = f"the bare network: {count / bare:,.0f}"
            yield Row(f"reading activations, {batch}", f"{count / read:,.0f}", against, f"{bare / read:.2f}", "0.9")
            yield Row(f"steering, {batch}", f"{count / changed:,.0f}", against, f"{bare / changed:.2f}", "0.95")
