"""All recipes, by name."""

from __future__ import annotations

from . import imitation, ppo
from .imitation import TrainingConfig
from .ppo import PPOConfig


def recipes() -> dict[str, TrainingConfig | PPOConfig]:
    """The configurations by name, those of imitation first."""
    return {**imitation.recipes(), **ppo.recipes()}


def recipe(name: str) -> TrainingConfig | PPOConfig:
    """The configuration of one recipe.

    Raises:
        ValueError: if there is none of that name; lists those there are.
    """
    known = recipes()
    if name not in known:
        raise ValueError(f"no recipe {name!r}; there are {', '.join(known)}")
    return known[name]
