"""The maze as a Gymnasium environment."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, SupportsInt

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import ClosedEnvironmentError, InvalidAction, ResetNeeded

from steered_env.maze import Edit, Maze, after, apply_edits, check_edits
from steered_env.simulator import ACTIONS, FRAME_SHAPE, MazeBatch

from .levels import Levels, MazeSource
from .rules import (
    ACTION_MEANINGS,
    FRAMES_PER_SECOND,
    KEYS_TO_ACTION,
    RENDER_MODES,
    Until,
    check_render_mode,
    check_time_limit,
    check_until,
)
from .snapshots import generator_of, maze_of, plain_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OPTIONS = ("level", "maze", "edits")


class MazeEnv(gymnasium.Env["NDArray[np.uint8]", np.int64]):
    """procgen's maze, in which a mouse looks for cheese, with mazes that can be chosen and edited.

    Observations are procgen's frames, ``(64, 64, 3)`` uint8. There are 15 actions: 0–2 left, 3 down, 5 up, 6–8
    right, the rest stay. The reward is procgen's own, 10 at the cheese and 0 elsewhere. The frame that comes
    with ``terminated`` is the true last one, with the mouse on the emptied cheese cell.

    ``reset(options=…)`` takes ``{"level": 7}`` for one level, or ``{"maze": maze}`` for any `Maze`, and
    ``"edits"`` beside either, which are made after those given here.

    ``info`` holds ``level``, ``mouse``, ``cheese`` (cells), ``reached_cheese``, ``reached_top_right`` (the corner was
    visited in this episode) and ``maze``, the maze as it is now.

    It can be copied, deeply copied and pickled in the middle of an episode, with its simulator and generator; the copy
    goes on as this one would. `snapshot` and `restore` do the same in less time, within one environment.

    Example:
        >>> import gymnasium, steered_env
        >>> env = gymnasium.make("steered_env/Maze-v0", levels=range(100))
        >>> observation, info = env.reset(seed=1, options={"level": 7})
        >>> info["level"], info["mouse"], info["maze"].size
        (7, (10, 10), 5)
        >>> observation, reward, terminated, truncated, info = env.step(7)
        >>> env.close()

    Args:
        levels: an int, a range, a sequence of ints, or None for all levels.
        sizes: only mazes of these inner sizes; None for all. A level chosen at reset may have any.
        cheese_region: n places the cheese in a random open cell of the top-right n×n cells (clipped to the
            maze, never the start), as in training; None leaves it where procgen put it.
        mouse_anywhere: the mouse starts in any open cell but the cheese's, facing either way, instead of at the
            bottom left; a maze chosen at reset keeps its own.
        edits: made in every maze after every reset, one after the other.
        until: ``"cheese"``, or ``"either"`` to let the corner end the episode too.
        time_limit: steps after which an episode is truncated.
        render_mode: ``"rgb_array"`` or None.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of range.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 (Gymnasium's own declaration)
        "render_modes": RENDER_MODES,
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(
        self,
        levels: Levels = None,
        *,
        sizes: Iterable[int] | None = None,
        cheese_region: int | None = None,
        mouse_anywhere: bool = False,
        edits: Iterable[Edit] = (),
        until: Until = "cheese",
        time_limit: int = 500,
        render_mode: str | None = None,
    ) -> None:
        self._source = MazeSource(levels, sizes, cheese_region, mouse_anywhere)
        self._edits = check_edits(edits)
        self._until, self._time_limit = check_until(until), check_time_limit(time_limit)
        self.render_mode = check_render_mode(render_mode)
        self.observation_space = spaces.Box(0, 255, FRAME_SHAPE, np.uint8)
        self.action_space = spaces.Discrete(ACTIONS)
        self._batch: MazeBatch | None = MazeBatch(1)
        self._maze: Maze | None = None
        self._running = False
        self._steps = 0
        self._reached_cheese = self._reached_top_right = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Start an episode.

        Args:
            seed: of the environment's generator, which draws levels, cheeses and mice.
            options: ``{"level": int}`` or ``{"maze": Maze}``, and ``"edits"``, a sequence of further edits.

        Returns:
            The first frame and ``info``.

        Raises:
            TypeError: if an option is of the wrong kind.
            ValueError: if an option is unknown or out of range, or an edit cannot be made.
        """
        super().reset(seed=seed)
        batch = self._open_batch()
        maze = self._next_maze(options or {})
        batch.write(0, maze)
        self._maze, self._running, self._steps = maze, True, 0
        self._reached_cheese, self._reached_top_right = False, maze.mouse == maze.corner
        return batch.frames[0].copy(), self._info(maze)

    def step(self, action: SupportsInt) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """Move the mouse.

        Args:
            action: 0 to 14.

        Returns:
            The frame, the reward, whether the episode terminated, whether it was truncated, and ``info``.

        Raises:
            InvalidAction: if the action is not an integer from 0 to 14.
            ResetNeeded: before the first reset, or when the episode is over.
        """
        batch, maze = self._open_batch(), self._maze
        if maze is None or not self._running:
            why = "the environment was never reset" if maze is None else "the episode is over"
            raise ResetNeeded(f"cannot step: {why}; call reset() first")
        if not self.action_space.contains(action):
            raise InvalidAction(f"action must be an integer, 0 to {ACTIONS - 1}, got {action!r}")
        rewards, ended = batch.step(np.array([action]))
        reward = float(rewards[0])
        mouse, facing_right = after(maze.walls, maze.mouse, maze.facing_right, int(action))
        self._reached_cheese = mouse == maze.cheese
        self._reached_top_right |= mouse == maze.corner
        if bool(ended[0]) != self._reached_cheese:
            raise RuntimeError(f"procgen disagrees with {maze!r} about action {action}")
        cheese = None if self._reached_cheese else maze.cheese
        self._maze = maze = replace(maze, mouse=mouse, facing_right=facing_right, cheese=cheese)
        if self._reached_cheese:
            batch.write(0, maze)  # procgen has begun another maze: draw the true last frame
        self._steps += 1
        terminated = self._reached_cheese or (self._until == "either" and self._reached_top_right)
        truncated = self._steps >= self._time_limit
        self._running = not (terminated or truncated)
        return batch.frames[0].copy(), reward, terminated, truncated, self._info(maze)

    def snapshot(self) -> dict[str, Any]:
        """All that the rest of this episode and the next ones depend on.

        Returns:
            Plain values (numbers, strings, bytes, dicts), about 200 bytes beside the generator's, for `restore`.

        Raises:
            ResetNeeded: before the first reset.
        """
        self._open_batch()
        if self._maze is None:
            raise ResetNeeded("cannot take a snapshot: the environment was never reset; call reset() first")
        return {
            "maze": plain_values(self._maze),
            "running": self._running,
            "steps": self._steps,
            "reached_cheese": self._reached_cheese,
            "reached_top_right": self._reached_top_right,
            "generator": self.np_random.bit_generator.state,
            "seed": self._np_random_seed,
        }

    def restore(self, snapshot: Mapping[str, Any]) -> NDArray[np.uint8]:
        """Go on where a `snapshot` was taken, in this environment or in another one made with the same arguments.

        Wrappers keep counts of their own: give ``time_limit`` rather than ``max_episode_steps`` to an environment
        that goes back in time, and ``reset`` a wrapped one once before.

        Example:
            >>> env = MazeEnv(levels=range(100))
            >>> _ = env.reset(seed=0)
            >>> then = env.snapshot()
            >>> first = env.step(7)[0]
            >>> _ = env.restore(then)
            >>> bool((env.step(7)[0] == first).all())
            True

        Args:
            snapshot: of a `MazeEnv`.

        Returns:
            The frame then, ``(64, 64, 3)`` uint8.

        Raises:
            ValueError: if it is no snapshot of a `MazeEnv`.
        """
        batch = self._open_batch()
        if missing := {"maze", "running", "steps", "generator"} - set(snapshot):
            raise ValueError(f"this is no snapshot of a MazeEnv: it has no {min(missing)!r}")
        self._maze = maze_of(snapshot["maze"])
        batch.write(0, self._maze)
        self._running, self._steps = snapshot["running"], snapshot["steps"]
        self._reached_cheese, self._reached_top_right = snapshot["reached_cheese"], snapshot["reached_top_right"]
        self._np_random, self._np_random_seed = generator_of(snapshot["generator"]), snapshot["seed"]
        frame: NDArray[np.uint8] = batch.frames[0].copy()
        return frame

    def get_action_meanings(self) -> list[str]:
        """What each of the 15 actions does: ``LEFT``, ``DOWN``, ``UP``, ``RIGHT`` or ``NOOP``."""
        return list(ACTION_MEANINGS)

    def get_keys_to_action(self) -> dict[tuple[str | int], int]:
        """Keys to actions for ``gymnasium.utils.play``, whose ``noop`` must be 4: W, A, S, D and the arrow keys."""
        return dict(KEYS_TO_ACTION)

    def __copy__(self) -> MazeEnv:
        return copy.deepcopy(self)  # a generator that both drew from would belong to neither

    def render(self) -> NDArray[np.uint8] | None:
        """What a person sees: ``(512, 512, 3)`` uint8; None without a ``render_mode``.

        Raises:
            ResetNeeded: before the first reset.
        """
        if self.render_mode is None:
            return None
        if self._maze is None:
            raise ResetNeeded("cannot render: the environment was never reset; call reset() first")
        return self._maze.render()

    def close(self) -> None:
        """Free procgen's side. Calling it again does nothing."""
        if self._batch is not None:
            self._batch.close()
        self._batch = None

    def _open_batch(self) -> MazeBatch:
        if self._batch is None:
            raise ClosedEnvironmentError("this environment was closed; make a new one")
        return self._batch

    def _next_maze(self, options: Mapping[str, Any]) -> Maze:
        if unknown := set(options) - set(_OPTIONS):
            raise ValueError(f"unknown reset option {min(unknown)!r}; known are {', '.join(_OPTIONS)}")
        if "level" in options and "maze" in options:
            raise ValueError("reset takes a level or a maze, got both")
        if "maze" in options:
            maze = options["maze"]
            if not isinstance(maze, Maze):
                raise TypeError(f"the reset option maze must be a Maze, got {type(maze).__name__}")
        elif "level" in options:
            maze = self._source.start(options["level"], self.np_random)
        else:
            maze = self._source.draw(self.np_random)
        return apply_edits(maze, (*self._edits, *check_edits(options.get("edits", ()))))

    def _info(self, maze: Maze) -> dict[str, Any]:
        return {
            "level": maze.level,
            "mouse": maze.mouse,
            "cheese": maze.cheese,
            "reached_cheese": self._reached_cheese,
            "reached_top_right": self._reached_top_right,
            "maze": maze,
        }
