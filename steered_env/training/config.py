"""The fields, their documentation and the checks of ranges that the configurations of all algorithms share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, NamedTuple, get_args, get_origin, get_type_hints

from steered_env.simulator import check_cheese_region

_LONGEST_MINUTES = 60 * 24 * 30


@dataclass(frozen=True)
class RunConfig:
    """The settings that every algorithm has.

    The text beside a field's type documents it, here and in ``steered-env train --help``, whose options are made from
    these classes.

    Attributes:
        algorithm: Name of the algorithm, as ``--algorithm`` takes it.
        budget: The field that counts what the algorithm trains on.
    """

    algorithm: ClassVar[str]
    budget: ClassVar[str]

    minutes: Annotated[float | None, "Time budget."] = None
    cheese_region: Annotated[int, "The cheese lies in the top-right n×n cells."] = 5
    width: Annotated[int, "Width of the network: 1 is small, 4 full."] = 1
    seed: Annotated[int, "Seed of mazes, initial weights and all else that is random."] = 0
    learning_rate: Annotated[float, "Adam's learning rate."] = 5e-4
    average_decay: Annotated[float, "Decay of the running average of the weights; 0 for none."] = 0.0
    bfloat16: Annotated[bool, "Matrix products in bfloat16; weights and updates stay float32."] = False

    def __post_init__(self) -> None:
        if getattr(self, self.budget) is None and self.minutes is None:
            raise ValueError(f"a training run needs a budget: {self.budget}=… or minutes=…")
        if self.minutes is not None and not 0 < self.minutes < _LONGEST_MINUTES:
            raise ValueError(f"minutes must be above 0 and below a month, got {self.minutes}")
        check_cheese_region(self.cheese_region)
        self._check_at_least(1, ["width"])
        self._check_at_least(0, ["seed"])
        self._check_above_zero(["learning_rate"])
        if not 0 <= self.average_decay < 1:
            raise ValueError(f"average_decay must be ≥ 0 and below 1, got {self.average_decay}")

    def _check_at_least(self, least: float, names: Iterable[str]) -> None:
        for name in names:
            if not getattr(self, name) >= least:  # NaN is not
                raise ValueError(f"{name} must be ≥ {least}, got {getattr(self, name)}")

    def _check_above_zero(self, names: Iterable[str]) -> None:
        """Check fields that must be above 0 or None."""
        for name in names:
            if (value := getattr(self, name)) is not None and not value > 0:  # NaN is not
                raise ValueError(f"{name} must be above 0, got {value}")

    def _check_shares(self, names: Iterable[str]) -> None:
        """Check fields that must be from 0 to 1."""
        for name in names:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be 0 to 1, got {getattr(self, name)}")


class ConfigField(NamedTuple):
    """A field of a configuration, and what its class says of it."""

    name: str
    type: Any
    default: Any
    help: str


def config_fields(kind: type[RunConfig]) -> Mapping[str, ConfigField]:
    """The fields of a class of configurations, by name, with their documentation."""
    hints = get_type_hints(kind, include_extras=True)
    described = {}
    for field in fields(kind):
        assert get_origin(hints[field.name]) is Annotated, field.name
        field_type, text = get_args(hints[field.name])
        described[field.name] = ConfigField(field.name, field_type, field.default, text)
    return described
