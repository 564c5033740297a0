"""Many mazes as one Stable-Baselines3 ``VecEnv``, over one procgen batch.

A module of its own, since importing it imports Stable-Baselines3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode

from steered_env.envs import MazeVectorEnv, maze_numbers
from steered_env.maze import Maze
from steered_env.system import needing

with needing("sb3"):
    from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices, VecEnvStepReturn

if TYPE_CHECKING:
    from numpy.typing import NDArray


class MazeVecEnv(VecEnv):
    """A `MazeVectorEnv` for Stable-Baselines3, each maze as a `MazeEnv` would be in its ``DummyVecEnv``.

    ``infos`` hold ``level``, ``mouse``, ``cheese``, ``reached_cheese``, ``reached_top_right`` and
    ``TimeLimit.truncated``, and ``terminal_observation``, the true last observation, where an episode ended.

    ``env_method`` calls a method of the running mazes. One that edits a maze changes the running one:
    ``env_method("without_cheese")`` takes the cheese out of every maze under the mouse's nose. Wherever there are
    ``indices``, a mask of bools will do.

    Example:
        >>> from steered_env.sb3.vec_env import MazeVecEnv
        >>> env = MazeVecEnv(4, levels=range(100), cheese_region=5)
        >>> env.reset().shape
        (4, 64, 64, 3)
        >>> mazes = env.env_method("without_cheese", indices=[0, 2])
        >>> [cheese is None for cheese in env.get_attr("cheese")]
        [True, False, True, False]
        >>> env.close()

    Args:
        num_envs: Number of mazes.
        levels: See `MazeEnv`.
        **settings: Further arguments of `MazeVectorEnv`, but for ``autoreset_mode``.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of range.
    """

    def __init__(self, num_envs: int = 1, levels: Any = None, **settings: Any) -> None:
        if "autoreset_mode" in settings:
            raise TypeError("Stable-Baselines3 knows one autoreset mode: leave autoreset_mode out")
        self.envs = MazeVectorEnv(num_envs, levels, autoreset_mode=AutoresetMode.SAME_STEP, **settings)
        self._actions: NDArray[np.int64] | None = None
        super().__init__(self.envs.num_envs, self.envs.single_observation_space, self.envs.single_action_space)

    def reset(self) -> NDArray[np.uint8]:
        """Start an episode in every maze, with the seeds and options given since the last reset.

        Returns:
            ``(num_envs, 64, 64, 3)`` uint8.

        Raises:
            ValueError: if an option is unknown; known are ``level`` and ``maze``.
        """
        observations, info = self.envs.reset(seed=self._seeds, options=self._joined_options())
        self.reset_infos = self._listed(info)
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: NDArray[np.int64]) -> None:
        """Note the actions, ``(num_envs,)`` integers."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Move every mouse.

        Returns:
            Observations ``(num_envs, 64, 64, 3)`` uint8, rewards ``(num_envs,)`` float32, whether each episode ended,
            and a dict for each maze.

        Raises:
            InvalidAction: if the actions have the wrong shape, kind or range.
            ResetNeeded: before the first reset.
        """
        if self._actions is None:
            raise gymnasium.error.ResetNeeded("cannot wait for a step: call step_async() first")
        actions, self._actions = self._actions, None
        observations, rewards, ends, cuts, info = self.envs.step(actions)
        done = ends | cuts
        infos = self._listed(info)
        if done.any():
            last = self._listed(info["final_info"])
            for index in np.flatnonzero(done):
                self.reset_infos[index] = infos[index]
                infos[index] = {**last[index], "terminal_observation": info["final_obs"][index]}
        for info_of_one, cut in zip(infos, (cuts & ~ends).tolist(), strict=True):
            info_of_one["TimeLimit.truncated"] = cut
        return observations, rewards.astype(np.float32), done, infos

    def close(self) -> None:
        """Free procgen's side. Calling it again does nothing."""
        self.envs.close()

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """Draw each maze for people: ``(512, 512, 3)`` uint8; None without a ``render_mode``."""
        renderings = self.envs.render()
        return [None] * self.num_envs if renderings is None else list(renderings)

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute of each running maze (such as ``mouse``), or of this environment.

        Raises:
            AttributeError: if neither has it.
        """
        chosen = self._get_indices(indices)
        if attr_name == "maze" or hasattr(Maze, attr_name) or attr_name in Maze.__dataclass_fields__:
            mazes = self.envs.mazes
            return [mazes[i] if attr_name == "maze" else getattr(mazes[i], attr_name) for i in chosen]
        return [getattr(self.envs, attr_name)] * len(chosen)

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Put another ``maze`` under the running episodes; nothing else can be set.

        Raises:
            AttributeError: if another attribute is named.
            TypeError: if the value is no maze.
        """
        if attr_name != "maze":
            raise AttributeError(f'only "maze" can be set in a running maze, not {attr_name!r}')
        self.envs.edit_running(lambda _: value, self._get_indices(indices))

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of each running maze; if it returns a maze, that is the running one from now on.

        Raises:
            AttributeError: if a `Maze` has no such method.
            ValueError: if the edit cannot be made; then no maze is changed.
        """
        method = getattr(Maze, method_name, None)
        if not callable(method):
            raise AttributeError(f"a Maze has no method {method_name!r}")
        mazes = self.envs.mazes
        chosen = self._get_indices(indices)
        results = [getattr(mazes[i], method_name)(*method_args, **method_kwargs) for i in chosen]
        for index, result in zip(chosen, results, strict=True):
            if isinstance(result, Maze):
                self.envs.edit_running(lambda _, edited=result: edited, [index])  # type: ignore[misc]
        return results

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None
    ) -> list[bool]:
        """No maze is wrapped in anything."""
        return [False] * len(self._get_indices(indices))

    def _get_indices(self, indices: VecEnvIndices) -> list[int]:
        return maze_numbers(indices, self.num_envs)

    def _joined_options(self) -> dict[str, Any]:
        """The options of each maze as those of the vector environment."""
        joined: dict[str, Any] = {}
        for index, options in enumerate(self._options):
            for name, value in options.items():
                if name not in ("level", "maze"):
                    raise ValueError(f"unknown reset option {name!r}; known are level, maze")
                joined.setdefault(f"{name}s", [None] * self.num_envs)[index] = value
        return joined

    def _listed(self, info: dict[str, Any]) -> list[dict[str, Any]]:
        """Gymnasium's arrays as a dict for each maze, with None where a mask is off."""
        names = ("level", "mouse", "cheese", "reached_cheese", "reached_top_right")
        columns = []
        for name in names:
            values = info[name].tolist()
            present = info[f"_{name}"].tolist()
            cells = info[name].ndim > 1
            columns.append(
                [(tuple(v) if cells else v) if known else None for v, known in zip(values, present, strict=True)]
            )
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
