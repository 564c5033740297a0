"""Recipes of PPO from new weights, by name; those of `ppo-7` and `small-ppo` are commands, in their cards."""

from __future__ import annotations

from dataclasses import replace

from .config import PPOConfig


def recipes() -> dict[str, PPOConfig]:
    """Configurations by name.

    ``full-ppo`` is as the networks were trained that the posts steer (Langosco et al., 2022): every size of maze, the
    cheese in the top-right 5×5 cells, the constants published with procgen. The others have the small network and as
    many examples in an update as 64 mazes give, but from more mazes at once.
    """
    small = PPOConfig(steps=10_000_000, num_envs=256, n_steps=64)
    return {
        "full-ppo": PPOConfig(steps=200_000_000, width=4, num_envs=256),
        "small-5-ppo": small,
        "small-5-ppo-shaped": replace(small, shape_rewards=True),
        "small-5-ppo-to-11": replace(small, sizes=(3, 5, 7, 9, 11)),
    }
