"""A rollout buffer whose observations lie on the GPU.

A module of its own, since importing it imports Stable-Baselines3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from steered_env.system import needing

with needing("sb3"):
    from stable_baselines3.common.buffers import RolloutBuffer
    from stable_baselines3.common.type_aliases import RolloutBufferSamples

if TYPE_CHECKING:
    from numpy.typing import NDArray


class RolloutsOnDevice(RolloutBuffer):
    """Stable-Baselines3's buffer, but each observation goes to the GPU once, not once in every pass over them.

    Minibatches are the same, in the same order. Images keep their memory as they came, channels last.
    """

    def reset(self) -> None:
        """Empty the buffer."""
        super().reset()
        channels, *sides = self.obs_shape
        shape = (self.buffer_size, self.n_envs, *sides, channels)
        self._images = torch.empty(shape, dtype=torch.uint8, device=self.device)

    def add(
        self,
        obs: NDArray[np.uint8],
        action: NDArray[np.int64],
        reward: NDArray[np.float32],
        episode_start: NDArray[np.bool_],
        value: torch.Tensor,
        log_prob: torch.Tensor,
    ) -> None:
        """Add a step of every maze.

        Args:
            obs: ``(num_envs, 3, 64, 64)`` uint8.
            action: ``(num_envs, 1)`` int64.
            reward: ``(num_envs,)`` float32.
            episode_start: ``(num_envs,)`` bool.
            value: ``(num_envs, 1)`` float32.
            log_prob: ``(num_envs,)`` float32.
        """
        self._images[self.pos] = torch.from_numpy(np.ascontiguousarray(np.moveaxis(obs, 1, -1))).to(self.device)
        self.actions[self.pos] = action.reshape(self.n_envs, self.action_dim)
        self.rewards[self.pos] = reward
        self.episode_starts[self.pos] = episode_start
        self.values[self.pos], self.log_probs[self.pos] = torch.stack([value.flatten(), log_prob]).cpu().numpy()
        self.pos += 1
        self.full = self.pos == self.buffer_size

    def _get_samples(self, batch_inds: NDArray[np.int64], env: Any = None) -> RolloutBufferSamples:
        """A minibatch; ``batch_inds`` count the steps of the first maze first, then those of the second, and so on."""
        columns = [
            column[batch_inds].flatten() for column in (self.values, self.log_probs, self.advantages, self.returns)
        ]
        values, log_probs, advantages, returns = torch.from_numpy(np.stack(columns)).to(self.device)
        mazes, steps = np.divmod(batch_inds, self.buffer_size)
        images = self._images[torch.from_numpy(steps), torch.from_numpy(mazes)]
        actions = torch.from_numpy(self.actions[batch_inds]).to(self.device)
        return RolloutBufferSamples(images.permute(0, 3, 1, 2), actions, values, log_probs, advantages, returns)
