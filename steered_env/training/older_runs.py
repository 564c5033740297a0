"""Training runs that older versions began: what their files lack, and what that was in effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from torch import nn

FIRST_ALGORITHM = "imitation"
"""That of checkpoints which name none: they were written before there was another."""

_BEFORE_THERE_WERE = {"mouse_weight": 0.0, "average_decay": 0.0}
"""What settings were, in effect, in files that are older than they; any other had its default value."""


def settings_of(saved: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """All settings of a run, whichever version wrote them.

    Args:
        saved: those that its file has; one that ``kind`` does not know, from a version that had it, is kept.
        kind: the dataclass of settings, as it is now.

    Example:
        >>> from steered_env.training import TrainingConfig
        >>> settings = settings_of({"seed": 7, "pictures": 640}, TrainingConfig)
        >>> settings["seed"], settings["mouse_weight"], settings["batch_size"]
        (7, 0.0, 128)
    """
    return {one.name: _BEFORE_THERE_WERE.get(one.name, one.default) for one in fields(kind)} | dict(saved)


def with_later_parts(state: Mapping[str, Any], learner: nn.Module) -> tuple[dict[str, Any], dict[str, Any]]:
    """The learner's and the optimizer's state of a checkpoint, for a learner that may have gained or lost a head since.

    A head that the run did not have is as ``learner`` has it, and new to the optimizer: its loss has no weight in such
    a run, so that nothing depends on it.

    Args:
        state: of the run: ``learner`` and ``optimizer``, whose parameters are numbered in the learner's order.
        learner: as this version makes it.
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
