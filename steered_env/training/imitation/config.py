"""Everything that a training run depends on."""

from __future__ import annotations

from dataclasses import dataclass

from steered_env.training.ranges import check_above_zero, check_at_least, check_budget, check_common, check_shares


@dataclass(frozen=True)
class TrainingConfig:
    """One recipe. Two runs with equal configurations on one kind of machine make equal weights.

    Attributes:
        width: of the network.
        cheese_region: the cheese lies in the top-right n×n cells.
        seed: of the pictures and of the initial weights.
        pictures: how many pictures to train on, or None while a time budget has yet to set it.
        minutes: the time budget that sets ``pictures`` from the speed of the first half minute, or None.
        batch_size: pictures per gradient step.
        pictures_per_level: pictures drawn from each level, with cheese and mouse placed anew in each.
        learning_rate: Adam's, at its highest; for width 4 half of the default, 0.002, was as good.
        warmup_pictures: over which the learning rate rises from 0; then it falls along a cosine to 0. 0 for no rise.
        dense_weight: of the loss of the second head, which names the best move in every cell.
        mouse_weight: of the loss of the third head, which names the mouse's cell and the best move there.
        value_weight: of the loss of the value head.
        discount: per step; the value head learns ``discount`` to the power of the distance to the cheese.
        average_decay: of the running average of the weights, which is the policy that comes out; 0 for the last weights
            themselves. An average is as good in the middle of a run as a falling learning rate makes it at the end.
        clip: largest norm of the gradient.
        bfloat16: whether the matrix products run in bfloat16 (weights and updates stay float32).

    Raises:
        ValueError: if a value is out of range.
    """

    width: int = 1
    cheese_region: int = 5
    seed: int = 0
    pictures: int | None = None
    minutes: float | None = None
    batch_size: int = 128
    pictures_per_level: int = 4
    learning_rate: float = 4e-3
    warmup_pictures: int = 25_600
    dense_weight: float = 3.0
    mouse_weight: float = 0.3
    value_weight: float = 0.1
    discount: float = 0.99
    average_decay: float = 0.999
    clip: float = 1.0
    bfloat16: bool = False

    def __post_init__(self) -> None:
        check_budget(self, "pictures")
        check_common(self)
        check_at_least(self, 1, ["batch_size", "pictures_per_level"])
        check_at_least(self, 0, ["seed", "warmup_pictures", "dense_weight", "mouse_weight", "value_weight"])
        check_above_zero(self, ["learning_rate", "clip"])
        check_shares(self, ["discount"])
        if self.batch_size % self.pictures_per_level:
            raise ValueError(
                f"batch_size ({self.batch_size}) must be a multiple of pictures_per_level ({self.pictures_per_level})"
            )
        if self.pictures is not None and self.pictures < self.batch_size:
            raise ValueError(f"pictures must be at least one batch of {self.batch_size}, got {self.pictures}")
