"""A wrapper that edits every maze."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np

from steered_env.maze import Edit, check_edits

from .maze_env import MazeEnv

if TYPE_CHECKING:
    from numpy.typing import NDArray


class EditMaze(
    gymnasium.Wrapper["NDArray[np.uint8]", np.int64, "NDArray[np.uint8]", np.int64],
    gymnasium.utils.RecordConstructorArgs,
):
    """Edits the maze after every reset, whatever the reset was asked for.

    Edits are made one after the other, those of an inner wrapper first.

    Example:
        >>> import gymnasium
        >>> from steered_env import EditMaze, Maze
        >>> env = EditMaze(gymnasium.make("steered_env/Maze-v0"), Maze.without_cheese, Maze.with_top_right_path)
        >>> observation, info = env.reset(options={"level": 0})
        >>> print(info["cheese"], info["maze"].walls[24, 24])
        None False
        >>> env.close()

    Args:
        env: A `MazeEnv`, wrapped or not.
        *edits: Functions from a maze to a maze.
        then: Further edits, made after those; a recorded wrapper is made again from these.

    Raises:
        TypeError: if ``env`` is no `MazeEnv`, or an edit cannot be called.
    """

    def __init__(
        self,
        env: gymnasium.Env[NDArray[np.uint8], np.int64],
        *edits: Edit,
        then: Sequence[Edit] = (),
    ) -> None:
        if not isinstance(env.unwrapped, MazeEnv):
            raise TypeError(f"EditMaze wraps a MazeEnv, got {env.unwrapped!r}")
        self._edits = check_edits((*edits, *then))
        gymnasium.utils.RecordConstructorArgs.__init__(self, then=self._edits)
        gymnasium.Wrapper.__init__(self, env)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Start an episode in an edited maze; the arguments are those of `MazeEnv.reset`."""
        options = dict(options or {})
        options["edits"] = (*self._edits, *options.get("edits", ()))
        return self.env.reset(seed=seed, options=options)
