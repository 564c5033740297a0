"""Recipes of imitation, by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .config import TrainingConfig

_SMALL = TrainingConfig(examples=3_552_384, learning_rate=1e-3, dense_weight=1.0, mouse_weight=0.0, average_decay=0.0)
_LONG = TrainingConfig(examples=_SMALL.examples)
"""The recipe of the family, with as many examples as `small` had."""
_FULL = TrainingConfig(examples=3_072_000, width=4, learning_rate=2e-3)
_FAMILY_EXAMPLES = 640_000
_FAMILY_REGIONS = (1, 2, 3, 5, 6, 7, 10, 14, 15)
_ANYWHERE = 25
_FAMILY_SEEDS = range(10)
_FAMILY_SEEDS_REGION = 5
_PARTS_OF_THE_RECIPE: dict[str, dict[str, Any]] = {
    "early-dense": {"dense_share": 1 / 3},
    "no-dense": {"dense_weight": 0.0, "examples": 4 * _FAMILY_EXAMPLES},
    "soft": {"target_temperature": 0.5},
}
"""What `small-5` is trained without, or otherwise, to see which part of its recipe does what."""


def recipes() -> dict[str, TrainingConfig]:
    """Configurations by name. The family differs in the cheese region, and for one region in the seed, alone."""
    configs = {"small": _SMALL, "small-long": _LONG, "full": _FULL}
    for region in _FAMILY_REGIONS:
        configs[f"small-{region}"] = TrainingConfig(examples=_FAMILY_EXAMPLES, cheese_region=region)
    configs["small-anywhere"] = TrainingConfig(examples=_FAMILY_EXAMPLES, cheese_region=_ANYWHERE)
    for seed in _FAMILY_SEEDS[1:]:
        configs[f"small-{_FAMILY_SEEDS_REGION}-seed{seed}"] = TrainingConfig(
            examples=_FAMILY_EXAMPLES, cheese_region=_FAMILY_SEEDS_REGION, seed=seed
        )
    for part, changes in _PARTS_OF_THE_RECIPE.items():
        configs[f"small-5-{part}"] = replace(configs["small-5"], **changes)
    return configs
