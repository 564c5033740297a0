"""Everything that a reinforcement learning run depends on."""

from __future__ import annotations

from dataclasses import dataclass

from steered_env.simulator import check_sizes
from steered_env.training.ranges import check_above_zero, check_at_least, check_budget, check_common, check_shares


@dataclass(frozen=True)
class PPOConfig:
    """One recipe of Stable-Baselines3's PPO. The defaults are those published with procgen (Cobbe et al., 2020).

    Attributes:
        width: of the network.
        cheese_region: the cheese lies in the top-right n×n cells.
        mouse_anywhere: episodes begin in any open cell instead of at the bottom left. With a low ``time_limit`` an
            update then sees many more mazes; what is learned at the start of one says little about another.
        sizes: inner sizes of the mazes to train on; None for all.
        start: the packaged policy or file to start from; None for new weights.
        start_temperature: divides the logits of the policy to start from. One that was trained to be sure of every
            move explores nothing, and has nothing to learn from where it is wrong.
        heads_only: change nothing before the two heads of the policy to start from: few weights, little noise.
        seed: of mazes, actions, minibatches and initial weights.
        steps: stop after so many steps of a mouse, counted over all mazes; or None.
        minutes: stop after so much time; or None.
        num_envs: mazes that run side by side.
        n_steps: steps of each between two updates.
        epochs: how often each update goes through what was collected.
        minibatches: gradient steps in an epoch.
        learning_rate: Adam's; constant, so that a run can be continued with a larger budget.
        anneal: let the learning rate fall along a line to 0 over the budget of steps instead.
        gamma: discount per step.
        gae_lambda: of the generalised advantage estimate.
        clip_range: how far an update may move a probability ratio.
        entropy: weight of the entropy bonus.
        by_moves: let the losses see the 5 moves instead of the 15 actions, of which many make the same move.
        shape_rewards: reward every step in the right direction, in a way that leaves the best policy the same (see
            `steered_env.training.ppo.reward_shaping`).
        value_weight: of the value loss.
        average_decay: of the running average of the weights over updates, which is the policy that comes out; 0 for the
            last weights themselves. Each update sees few episodes and leaves its noise behind; an average does not.
        max_grad_norm: of the gradient, which is clipped there.
        time_limit: steps after which an episode is cut off.
        value_warmup: first so many updates train the value head alone, at a learning rate of 0.002, so that a policy
            that was made without rewards is not spoilt by a value head that knows nothing of them.
        bfloat16: whether the convolutions run in bfloat16 (weights and updates stay float32).

    Raises:
        ValueError: if a value is out of range.
    """

    width: int = 1
    cheese_region: int = 5
    mouse_anywhere: bool = False
    sizes: tuple[int, ...] | None = None
    start: str | None = None
    start_temperature: float = 1.0
    heads_only: bool = False
    seed: int = 0
    steps: int | None = None
    minutes: float | None = None
    num_envs: int = 64
    n_steps: int = 256
    epochs: int = 3
    minibatches: int = 8
    learning_rate: float = 5e-4
    anneal: bool = False
    gamma: float = 0.999
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    entropy: float = 0.01
    by_moves: bool = False
    shape_rewards: bool = False
    value_weight: float = 0.5
    average_decay: float = 0.0
    max_grad_norm: float = 0.5
    time_limit: int = 500
    value_warmup: int = 0
    bfloat16: bool = False

    def __post_init__(self) -> None:
        check_budget(self, "steps")
        check_common(self)
        if self.heads_only and self.start is None:
            raise ValueError("heads_only is for a policy that has something before its heads: name one with start")
        if self.anneal and (self.steps is None or self.minutes is not None):
            raise ValueError("anneal needs to know where the run ends: give a budget of steps alone")
        check_at_least(self, 1, ["num_envs", "n_steps", "epochs", "minibatches", "time_limit"])
        check_at_least(self, 0, ["seed", "entropy", "value_weight", "value_warmup"])
        check_above_zero(self, ["steps", "learning_rate", "clip_range", "max_grad_norm", "start_temperature"])
        check_shares(self, ["gamma", "gae_lambda"])
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
