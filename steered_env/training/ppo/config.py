"""Everything that a reinforcement learning run depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from steered_env.simulator import check_sizes
from steered_env.training.config import RunConfig

_VALUE_WARMUP = 4


@dataclass(frozen=True)
class PPOConfig(RunConfig):
    """One recipe of Stable-Baselines3's PPO. The defaults are those published with procgen (Cobbe et al., 2020).

    A policy that was trained to be sure of every move explores nothing, and has nothing to learn from where it is
    wrong: ``start_temperature`` makes it less sure. Where it was made without rewards, its value head knows nothing of
    them and would spoil it: ``value_warmup`` lets that head learn first, alone and at a learning rate of 0.002. Each
    update sees few episodes and leaves its noise behind; an average over updates does not, and ``heads_only`` leaves
    few weights to be noisy. With ``mouse_anywhere`` and a low ``time_limit`` an update sees many more mazes. The
    learning rate is constant, so that a run can go on with a larger budget, unless ``anneal`` is asked for.

    Raises:
        ValueError: if a value is out of range.
    """

    algorithm: ClassVar[str] = "ppo"
    budget: ClassVar[str] = "steps"

    steps: Annotated[int | None, "Budget in steps of a mouse, over all mazes."] = None
    start: Annotated[str | None, "Packaged policy or file to start from; defaults to new weights."] = None
    start_temperature: Annotated[float, "Divides the logits of the policy to start from, so that it explores."] = 1.0
    sizes: Annotated[tuple[int, ...] | None, "Inner sizes of the mazes, such as 3,5,7; defaults to all."] = None
    heads_only: Annotated[bool, "Change nothing but the policy's and the value's head."] = False
    mouse_anywhere: Annotated[bool, "Episodes begin in any open cell instead of at the bottom left."] = False
    learning_rate: Annotated[float, "Adam's learning rate, throughout."] = 5e-4
    anneal: Annotated[bool, "Let the learning rate fall to 0 over the budget of steps."] = False
    average_decay: Annotated[float, "Decay of the running average of the weights over updates; 0 for none."] = 0.0
    num_envs: Annotated[int, "Mazes side by side."] = 64
    n_steps: Annotated[int, "Steps in each maze between updates."] = 256
    epochs: Annotated[int, "Passes over what was collected."] = 3
    minibatches: Annotated[int, "Gradient steps in a pass."] = 8
    gamma: Annotated[float, "Discount per step."] = 0.999
    gae_lambda: Annotated[float, "λ of the generalised advantage estimate."] = 0.95
    clip_range: Annotated[float, "How far an update may move a probability ratio."] = 0.2
    entropy: Annotated[float, "Weight of the entropy bonus."] = 0.01
    by_moves: Annotated[bool, "See the 15 actions as the 5 moves that they make."] = False
    shape_rewards: Annotated[bool, "Reward every step in the right direction; the best policy stays the same."] = False
    value_weight: Annotated[float, "Weight of the value loss."] = 0.5
    max_grad_norm: Annotated[float, "Largest norm of the gradient."] = 0.5
    time_limit: Annotated[int, "Steps after which an episode is cut."] = 500
    value_warmup: Annotated[
        int | None, "First updates of the value head alone; defaults to 4 with --start, else 0."
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.value_warmup is None:
            object.__setattr__(self, "value_warmup", 0 if self.start is None else _VALUE_WARMUP)
        if self.heads_only and self.start is None:
            raise ValueError("heads_only is for a policy that has something before its heads: name one with start")
        if self.anneal and (self.steps is None or self.minutes is not None):
            raise ValueError("anneal needs to know where the run ends: give a budget of steps alone")
        self._check_at_least(1, ["num_envs", "n_steps", "epochs", "minibatches", "time_limit"])
        self._check_at_least(0, ["entropy", "value_weight", "value_warmup"])
        self._check_above_zero(["steps", "clip_range", "max_grad_norm", "start_temperature"])
        self._check_shares(["gamma", "gae_lambda"])
        if self.sizes is not None:
            object.__setattr__(self, "sizes", check_sizes(self.sizes))
        if self.steps_per_update % self.minibatches or self.batch_size < 2:
            raise ValueError(
                f"num_envs × n_steps ({self.num_envs} × {self.n_steps}) must be a multiple of minibatches "
                f"({self.minibatches}), at least twice it"
            )

    @property
    def steps_per_update(self) -> int:
        """Steps collected between two updates."""
        return self.num_envs * self.n_steps

    @property
    def batch_size(self) -> int:
        """Steps in one gradient step."""
        return self.steps_per_update // self.minibatches
