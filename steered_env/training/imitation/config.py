"""Everything that a run of imitation depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from steered_env.training.config import RunConfig


@dataclass(frozen=True)
class TrainingConfig(RunConfig):
    """One recipe of imitation. Two runs with equal configurations on one kind of machine make equal weights.

    The policy that comes out is a running average of the weights, which is as good in the middle of a run as a falling
    learning rate makes it at the end. At width 4 half of the usual learning rate was as good as the usual one.

    Raises:
        ValueError: if a value is out of range.
    """

    algorithm: ClassVar[str] = "imitation"
    budget: ClassVar[str] = "examples"

    examples: Annotated[int | None, "Budget in examples, instead of minutes, which set it from the speed."] = None
    batch_size: Annotated[int, "Examples per gradient step."] = 128
    examples_per_level: Annotated[int, "Examples drawn from each level, cheese and mouse placed anew in each."] = 4
    learning_rate: Annotated[float, "Adam's learning rate at its highest."] = 4e-3
    warmup_examples: Annotated[int, "Over these the learning rate rises from 0; then it falls to 0."] = 25_600
    dense_weight: Annotated[float, "Weight of the loss of the head that names the move in every cell."] = 3.0
    dense_share: Annotated[float, "Share of the examples after which the dense weight is 0."] = 1.0
    target_temperature: Annotated[
        float, "Targets are a softmax of minus the steps left after each move, over this; 0 for the best move alone."
    ] = 0.0
    mouse_weight: Annotated[float, "Weight of the loss of the head that finds the mouse."] = 0.3
    value_weight: Annotated[float, "Weight of the loss of the value head."] = 0.1
    discount: Annotated[float, "The value head learns this to the power of the distance to the cheese."] = 0.99
    average_decay: Annotated[float, "Decay of the running average of the weights over steps; 0 for none."] = 0.999
    clip: Annotated[float, "Largest norm of the gradient."] = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_at_least(1, ["batch_size", "examples_per_level"])
        self._check_at_least(
            0, ["warmup_examples", "target_temperature", "dense_weight", "mouse_weight", "value_weight"]
        )
        self._check_above_zero(["clip"])
        self._check_shares(["discount", "dense_share"])
        if self.batch_size % self.examples_per_level:
            raise ValueError(
                f"batch_size ({self.batch_size}) must be a multiple of examples_per_level ({self.examples_per_level})"
            )
        if self.examples is not None and self.examples < self.batch_size:
            raise ValueError(f"examples must be at least one batch of {self.batch_size}, got {self.examples}")
