"""A reward for every step in the right direction that leaves the best policy the same.

A module of its own, since importing it imports Stable-Baselines3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from steered_env.envs import CHEESE_REWARD
from steered_env.maze import Maze, distances
from steered_env.system import needing

with needing("sb3"):
    from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn, VecEnvWrapper

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steered_env.sb3 import MazeVecEnv


class ShapedReward(VecEnvWrapper):
    """Adds ``gamma · Φ(next) − Φ(now)`` to every reward, where Φ is the best return that can be had from a place.

    Φ is ``10 · gamma ** (d − 1)`` at ``d`` steps from the cheese, and 0 once the cheese is eaten. A step of a shortest
    path is then worth 0 and every other step less than 0, at once instead of at the end of the episode. Which policy is
    best does not change (potential-based shaping: Ng, Harada and Russell, 1999; a final state's potential is 0:
    Grzes, 2017).

    Args:
        venv: A `MazeVecEnv`, or wrappers around one that leave its infos and rewards alone.
        gamma: The discount per step that the learner uses.
    """

    def __init__(self, venv: MazeVecEnv | VecEnvWrapper, gamma: float) -> None:
        super().__init__(venv)
        self._gamma = gamma
        self._potentials: list[NDArray[np.float32]] = []
        self._now = np.zeros(venv.num_envs, np.float32)

    def reset(self) -> NDArray[np.uint8]:
        """Start an episode in every maze."""
        observations: NDArray[np.uint8] = self.venv.reset()  # type: ignore[assignment]
        self.look()
        return observations

    def look(self) -> None:
        """Find the potentials of the mazes as they are now, after they were put there from outside."""
        mazes = self.venv.get_attr("maze")
        self._potentials = [_potential(maze, self._gamma) for maze in mazes]
        for index, maze in enumerate(mazes):
            self._now[index] = self._potentials[index][maze.mouse]

    def step_wait(self) -> VecEnvStepReturn:
        """Move every mouse; see the class for the rewards."""
        observations, rewards, dones, infos = self.venv.step_wait()
        then = np.array(
            [
                0.0 if info["reached_cheese"] else potential[info["mouse"]]
                for info, potential in zip(infos, self._potentials, strict=True)
            ],
            np.float32,
        )
        shaped = rewards + self._gamma * then - self._now
        self._now = then
        ended = np.flatnonzero(dones)
        for index, maze in zip(ended, self.venv.get_attr("maze", ended) if len(ended) else [], strict=True):
            self._potentials[index] = _potential(maze, self._gamma)
            self._now[index] = self._potentials[index][maze.mouse]
        return observations, shaped, dones, infos


def _potential(maze: Maze, gamma: float) -> NDArray[np.float32]:
    """``(25, 25)``: the best discounted return from every cell; 0 everywhere in a maze without cheese."""
    if maze.cheese is None:
        return np.zeros(maze.walls.shape, np.float32)
    steps = distances(maze.walls, maze.cheese)
    potential: NDArray[np.float32] = CHEESE_REWARD * gamma ** (steps - 1)
    potential[~np.isfinite(steps)] = 0.0
    return potential
