"""The maze as a Gymnasium environment."""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, SupportsInt

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import InvalidAction, ResetNeeded

from steered_env.maze import Edit
from steered_env.simulator import ACTIONS, OBSERVATION_SHAPE

from .episodes import Episodes, check_choice, check_options
from .levels import Levels, MazeSource
from .rules import (
    ACTION_MEANINGS,
    FRAMES_PER_SECOND,
    KEYS_TO_ACTION,
    RENDER_MODES,
    Until,
    check_render_mode,
    check_seed,
)
from .snapshots import generator_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OPTIONS = ("level", "maze", "edits")


class MazeEnv(gymnasium.Env["NDArray[np.uint8]", np.int64]):
    """procgen's maze, in which a mouse looks for cheese, with mazes that can be chosen and edited.

    Observations are procgen's, ``(64, 64, 3)`` uint8. There are 15 actions: 0–2 left, 3 down, 5 up, 6–8
    right, the rest stay. The reward is procgen's own, 10 at the cheese and 0 elsewhere. The observation that comes
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
        levels: An int, a range, a sequence of ints, or None for all levels.
        sizes: Only mazes of these inner sizes; None for all. A level chosen at reset may have any.
        cheese_region: Number n that places the cheese in a random open cell of the top-right n×n cells (clipped to the
            maze, never the start), as in training; None leaves it where procgen put it.
        mouse_anywhere: The mouse starts in any open cell but the cheese's, facing either way, instead of at the
            bottom left; a maze chosen at reset keeps its own.
        edits: Edits made in every maze after every reset, one after the other.
        until: ``"cheese"``, or ``"either"`` to let the corner end the episode too.
        time_limit: Steps after which an episode is truncated.
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
        source = MazeSource(levels, sizes, cheese_region, mouse_anywhere)
        self.render_mode = check_render_mode(render_mode)
        self.observation_space = spaces.Box(0, 255, OBSERVATION_SHAPE, np.uint8)
        self.action_space = spaces.Discrete(ACTIONS)
        self._episodes = Episodes(1, source, edits=edits, until=until, time_limit=time_limit)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Seed of the environment's generator, which draws levels, cheeses and mice.
            options: ``{"level": int}`` or ``{"maze": Maze}``, and ``"edits"``, a sequence of further edits.

        Returns:
            The first observation and ``info``.

        Raises:
            TypeError: if the seed or an option is of the wrong kind.
            ValueError: if one is out of range, an option is unknown, or an edit cannot be made.
        """
        super().reset(seed=check_seed(seed))
        mazes, options = self._episodes.mazes, options or {}
        check_options(options, _OPTIONS)
        check_choice(options)
        self._episodes.start(0, self._episodes.next_maze(self.np_random, options, options.get("edits", ())))
        return mazes.observations[0].copy(), self._info()

    def step(self, action: SupportsInt) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """Move the mouse.

        Args:
            action: 0 to 14.

        Returns:
            The observation, the reward, whether the episode terminated, whether it was truncated, and ``info``.

        Raises:
            InvalidAction: if the action is not an integer from 0 to 14.
            ResetNeeded: before the first reset, or when the episode is over.
        """
        episodes, mazes = self._episodes, self._episodes.mazes
        episodes.check_started("step")
        if episodes.finished[0]:
            raise ResetNeeded("cannot step: the episode is over; call reset() first")
        (reward,), (terminated,), (truncated,) = episodes.step((_action_number(action),))
        return mazes.observations[0].copy(), reward, terminated, truncated, self._info()

    def snapshot(self) -> dict[str, Any]:
        """Record all that the rest of this episode and the next ones depend on.

        Returns:
            Plain values (numbers, strings, bytes, dicts), about 200 bytes beside the generator's, for `restore`.

        Raises:
            ResetNeeded: before the first reset.
        """
        episodes = self._episodes
        episodes.check_started("take a snapshot")
        of_all = episodes.snapshot()
        return {
            "maze": of_all["mazes"][0],
            "running": not of_all["finished"][0],
            **{name: of_all[name][0] for name in ("steps", "reached_cheese", "reached_top_right")},
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
            snapshot: That of a `MazeEnv`.

        Returns:
            The observation then, ``(64, 64, 3)`` uint8.

        Raises:
            ValueError: if it is no snapshot of a `MazeEnv`.
        """
        mazes = self._episodes.mazes
        if missing := {"maze", "running", "steps", "generator"} - set(snapshot):
            raise ValueError(f"this is no snapshot of a MazeEnv: it has no {min(missing)!r}")
        of_all = {name: [snapshot[name]] for name in ("steps", "reached_cheese", "reached_top_right")}
        self._episodes.restore({**of_all, "mazes": [snapshot["maze"]], "finished": [not snapshot["running"]]})
        self._np_random, self._np_random_seed = generator_of(snapshot["generator"]), snapshot["seed"]
        observation: NDArray[np.uint8] = mazes.observations[0].copy()
        return observation

    def get_action_meanings(self) -> list[str]:
        """Name what each of the 15 actions does: ``LEFT``, ``DOWN``, ``UP``, ``RIGHT`` or ``NOOP``."""
        return list(ACTION_MEANINGS)

    def get_keys_to_action(self) -> dict[tuple[str | int], int]:
        """Map keys to actions for ``gymnasium.utils.play``, whose ``noop`` must be 4: W, A, S, D and the arrow keys."""
        return dict(KEYS_TO_ACTION)

    def __copy__(self) -> MazeEnv:
        return copy.deepcopy(self)  # a generator that both drew from would belong to neither

    def render(self) -> NDArray[np.uint8] | None:
        """Draw the maze for people: ``(512, 512, 3)`` uint8; None without a ``render_mode``.

        Raises:
            ResetNeeded: before the first reset.
        """
        if self.render_mode is None:
            return None
        self._episodes.check_started("render")
        return self._episodes.mazes[0].maze.render()

    def close(self) -> None:
        """Free procgen's side. Calling it again does nothing."""
        self._episodes.close()

    def _info(self) -> dict[str, Any]:
        running = self._episodes.mazes[0]
        maze = running.maze
        return {
            "level": maze.level,
            "mouse": maze.mouse,
            "cheese": maze.cheese,
            "reached_cheese": running.reached_cheese,
            "reached_top_right": running.reached_top_right,
            "maze": maze,
        }


def _action_number(action: SupportsInt) -> int:
    try:
        number = operator.index(action)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if not 0 <= number < ACTIONS:
        raise InvalidAction(f"action must be an integer, 0 to {ACTIONS - 1}, got {action!r}")
    return number
