"""Training runs that older versions began: what their files lack, and what that was in effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

FIRST_ALGORITHM = "imitation"
"""The algorithm of checkpoints that name none."""

OLDER_NAMES = {
    "pictures": "examples",
    "pictures_per_level": "examples_per_level",
    "warmup_pictures": "warmup_examples",
}
"""Names of settings, and of columns of curves, in older files, and what they are called now."""

_BEFORE_THERE_WERE = {"mouse_weight": 0.0, "average_decay": 0.0}
"""Settings that files of older versions lack, and the values in effect then; all others had their defaults."""


def with_present_names(saved: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a file of any version under the names that they have now."""
    return {OLDER_NAMES.get(name, name): value for name, value in saved.items()}


def settings_of(saved: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Fill in the settings that a file of an older version lacks, and name the others as they are named now.

    Args:
        saved: The settings in its file; one that only an older version knew is kept.
        kind: The present dataclass of settings.

    Example:
        >>> from steered_env.training import TrainingConfig
        >>> settings = settings_of({"seed": 7, "pictures": 640}, TrainingConfig)
        >>> settings["seed"], settings["examples"], settings["mouse_weight"], settings["batch_size"]
        (7, 640, 0.0, 128)
    """
    defaults = {field.name: _BEFORE_THERE_WERE.get(field.name, field.default) for field in fields(kind)}
    return defaults | with_present_names(saved)


def with_later_parts(state: Mapping[str, Any], learner: nn.Module) -> tuple[dict[str, Any], dict[str, Any]]:
    """The learner's and the optimizer's state of a checkpoint, for a learner that may have gained or lost a head since.

    A head that the run did not have is as ``learner`` has it, and new to the optimizer: its loss has no weight in such
    a run, so that nothing depends on it.

    Args:
        state: The run's checkpoint, with ``learner`` and ``optimizer``, whose parameters are numbered in the learner's
            order.
        learner: The learner that this version makes.
    """
    then, now = state["learner"], learner.state_dict()
    numbers = {name: number for number, name in enumerate(then)}
    kept: dict[int, Any] = state["optimizer"]["state"]
    names = [name for name, _ in learner.named_parameters()]
    moments = {
        number: kept[numbers[name]] for number, name in enumerate(names) if name in then and numbers[name] in kept
    }
    groups = [{**group, "params": list(range(len(names)))} for group in state["optimizer"]["param_groups"]]
    return {name: then.get(name, value) for name, value in now.items()}, {"state": moments, "param_groups": groups}
