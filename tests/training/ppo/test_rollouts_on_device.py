from __future__ import annotations

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer

from steered_env.sb3 import MazeVecEnv, impala_from, impala_policy_kwargs
from steered_env.training.ppo.rollouts_on_device import RolloutsOnDevice


def trained_with(buffer: type[RolloutBuffer] | None) -> torch.Tensor:
    env = MazeVecEnv(3, range(100), sizes=(3,), time_limit=6)
    model = PPO(
        "CnnPolicy",
        env,
        policy_kwargs=impala_policy_kwargs(1),
        n_steps=8,
        batch_size=12,
        n_epochs=2,
        seed=0,
        device="cpu",
        rollout_buffer_class=buffer,
    )
    model.learn(24)
    env.close()
    return torch.cat([parameter.flatten() for parameter in impala_from(model).parameters()])


def test_minibatches_are_those_of_stable_baselines3() -> None:
    assert torch.equal(trained_with(RolloutsOnDevice), trained_with(None))
