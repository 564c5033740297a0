"""Many mazes as one Gymnasium vector environment, over one procgen batch."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np
from gymnasium import spaces
from gymnasium.error import InvalidAction, ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from steered_env.maze import Edit, Maze, apply_edits
from steered_env.simulator import ACTIONS, MAX_MAZES, MAX_THREADS, OBSERVATION_SHAPE, listed, whole_number
from steered_env.system import cores

from .episodes import Episodes, Indices, check_choice, check_options, maze_numbers
from .levels import Levels, MazeSource
from .rules import FRAMES_PER_SECOND, RENDER_MODES, Until, check_render_mode, check_seed, check_time_limit
from .running import NO_CELL
from .snapshots import generator_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OPTIONS = ("levels", "mazes", "edits", "reset_mask")
Seeds = SupportsIndex | Sequence[SupportsIndex | None] | None

_MAZES_WORTH_THREADS, _MAZES_OF_A_THREAD = 6, 2


class MazeVectorEnv(VectorEnv["NDArray[np.uint8]", "NDArray[np.int64]", "NDArray[Any]"]):
    """``num_envs`` mazes that step together, each as a `MazeEnv` would.

    Observations are ``(num_envs, 64, 64, 3)`` uint8. Maze ``i`` has a generator of its own, seeded with
    ``seed + i``: its episodes are those of a `MazeEnv` with that seed, whatever ``num_envs`` is.

    ``reset(options=…)`` takes ``{"levels": [...]}`` or ``{"mazes": [...]}``, one for each maze (None for a random
    one), ``"edits"``, and, with autoreset disabled, ``"reset_mask"``.

    ``info`` holds arrays over the mazes: ``level``, ``mouse`` and ``cheese`` (``(num_envs, 2)``, −1 where there is
    none), ``reached_cheese`` and ``reached_top_right``, each with its mask ``_key`` as Gymnasium has it. `mazes`
    gives the mazes themselves. Like a `MazeEnv` it can be copied, pickled, and put back by `snapshot` and `restore`.

    Example:
        >>> import gymnasium, numpy, steered_env
        >>> envs = gymnasium.make_vec(
        ...     "steered_env/Maze-v0", num_envs=3, vectorization_mode="vector_entry_point", levels=range(100)
        ... )
        >>> observations, infos = envs.reset(seed=1, options={"levels": [7, 3, None]})
        >>> observations.shape, infos["level"][:2].tolist()
        ((3, 64, 64, 3), [7, 3])
        >>> observations, rewards, terminations, truncations, infos = envs.step(numpy.array([7, 7, 7]))
        >>> envs.close()

    Args:
        num_envs: Number of mazes, at most 65,536.
        levels: See `MazeEnv`, as for the next six arguments.
        sizes: Only mazes of these inner sizes.
        cheese_region: Side of the top-right region to place the cheese in.
        mouse_anywhere: The mouse starts in any open cell.
        edits: Edits made in every maze after every reset, autoresets included.
        until: ``"cheese"`` or ``"either"``.
        time_limit: Steps after which an episode is truncated.
        max_episode_steps: The same, in the word of ``gymnasium.make_vec``; the lower of the two counts.
        render_mode: ``"rgb_array"`` or None.
        autoreset_mode: When a finished maze starts again (Gymnasium's ``AutoresetMode``): in the next step, in the
            same one, or when asked.
        threads: Number of procgen's own threads, at most 1,024; 0 steps in the calling thread. None for two per core,
            as long as each has two mazes, and for 0 below six mazes.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of range.
    """

    def __init__(
        self,
        num_envs: int = 1,
        levels: Levels = None,
        *,
        sizes: Iterable[int] | None = None,
        cheese_region: int | None = None,
        mouse_anywhere: bool = False,
        edits: Iterable[Edit] = (),
        until: Until = "cheese",
        time_limit: int = 500,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        threads: int | None = None,
    ) -> None:
        num_envs = whole_number(num_envs, "num_envs", 1, MAX_MAZES)
        source = MazeSource(levels, sizes, cheese_region, mouse_anywhere)
        limits = {"time_limit": time_limit, "max_episode_steps": max_episode_steps}
        limit = min(check_time_limit(limit, name) for name, limit in limits.items() if limit is not None)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {
            "render_modes": RENDER_MODES,
            "render_fps": FRAMES_PER_SECOND,
            "autoreset_mode": self.autoreset_mode,
        }
        self.render_mode, self.num_envs = check_render_mode(render_mode), num_envs
        self.single_observation_space = spaces.Box(0, 255, OBSERVATION_SHAPE, np.uint8)
        self.single_action_space = spaces.Discrete(ACTIONS)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        if threads is None:
            threads = _default_threads(num_envs)
        self._episodes = Episodes(num_envs, source, edits=edits, until=until, time_limit=limit, threads=threads)
        self._generators: list[np.random.Generator | None] = [None] * num_envs

    @property
    def mazes(self) -> list[Maze]:
        """The mazes as they are now.

        Raises:
            ResetNeeded: before the first reset.
        """
        mazes = self._episodes.mazes
        self._episodes.check_started("tell the mazes")
        return [mazes[index].maze for index in range(self.num_envs)]

    def reset(
        self, *, seed: Seeds = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Start an episode in every maze, or in those of a mask.

        Args:
            seed: Seed from which maze ``i``'s generator gets ``seed + i``; or one seed for each maze.
            options: See the class.

        Returns:
            Observations ``(num_envs, 64, 64, 3)`` uint8 and ``info``.

        Raises:
            TypeError: if a seed or an option is of the wrong kind.
            ValueError: if one is out of range, or an option is unknown.
        """
        running, options = self._episodes.mazes, options or {}
        choices = self._checked_choices(options)
        mask = options.get("reset_mask", np.ones(self.num_envs, np.bool_))
        self._seed(self._checked_seeds(seed), mask)
        edits = options.get("edits", ())
        mazes = {int(index): self._next_maze(int(index), choices[index], edits) for index in np.flatnonzero(mask)}
        for index, maze in mazes.items():
            self._episodes.start(index, maze)
        return running.observations.copy(), self._info(mask)

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Move every mouse.

        Args:
            actions: ``(num_envs,)`` integers, 0 to 14.

        Returns:
            Observations, rewards ``(num_envs,)`` float64, terminations and truncations ``(num_envs,)`` bool, and
            ``info`` (with ``final_obs`` and ``final_info`` in same-step mode).

        Raises:
            InvalidAction: if the actions have the wrong shape, kind or range.
            ResetNeeded: before the first reset, or where an episode is over and autoreset disabled.
        """
        episodes, running = self._episodes, self._episodes.mazes
        chosen = self._check_actions(actions)
        resting = episodes.finished
        rewards, terminations, truncations = episodes.step(chosen)
        info: dict[str, Any] = {}
        if self.autoreset_mode is AutoresetMode.NEXT_STEP:
            self._restart(resting)
        elif self.autoreset_mode is AutoresetMode.SAME_STEP and any(episodes.finished):
            info = self._final(np.array(episodes.finished))
            self._restart(episodes.finished)
        info |= self._info(np.ones(self.num_envs, np.bool_))
        return running.observations.copy(), np.array(rewards), np.array(terminations), np.array(truncations), info

    def snapshot(self) -> dict[str, Any]:
        """Record all that the rest of these episodes and the next ones depend on.

        Returns:
            Plain values (numbers, strings, bytes, lists, dicts), about 200 bytes for each maze, for `restore`.

        Raises:
            ResetNeeded: before the first reset.
        """
        self._episodes.check_started("take a snapshot")
        return {
            **self._episodes.snapshot(),
            "generators": [generator and generator.bit_generator.state for generator in self._generators],
        }

    def restore(self, snapshot: dict[str, Any]) -> NDArray[np.uint8]:
        """Go on where a `snapshot` was taken, in this environment or in another one made with the same arguments.

        Example:
            >>> envs = MazeVectorEnv(2, levels=range(100))
            >>> _ = envs.reset(seed=0)
            >>> then = envs.snapshot()
            >>> first = envs.step(np.array([7, 5]))[0]
            >>> _ = envs.restore(then)
            >>> bool((envs.step(np.array([7, 5]))[0] == first).all())
            True

        Args:
            snapshot: That of an environment with as many mazes.

        Returns:
            The observations then, ``(num_envs, 64, 64, 3)`` uint8.

        Raises:
            ValueError: if the snapshot is of another number of mazes, or none of a `MazeVectorEnv`.
        """
        running = self._episodes.mazes
        if "mazes" not in snapshot:
            raise ValueError("this is no snapshot of a MazeVectorEnv: it has no 'mazes'")
        if len(snapshot["mazes"]) != self.num_envs:
            raise ValueError(f"the snapshot holds {len(snapshot['mazes'])} mazes, this environment {self.num_envs}")
        self._episodes.restore(snapshot)
        self._generators = [None if state is None else generator_of(state) for state in snapshot["generators"]]
        return running.observations.copy()

    def __copy__(self) -> MazeVectorEnv:
        return copy.deepcopy(self)  # generators and arrays that both changed would belong to neither

    def edit_running(self, edit: Edit, indices: Indices = None) -> None:
        """Edit mazes in the middle of their episodes; what was reached and the steps taken stay.

        Args:
            edit: Any function from a maze to a maze.
            indices: Mazes to edit, as numpy takes them: numbers, or a mask ``(num_envs,)`` bool; None for all.

        Raises:
            ResetNeeded: before the first reset.
            IndexError: if there is no such maze, or the mask is of another length.
            TypeError: if the edit returns something other than a maze, or a number is no whole one.
            ValueError: if the edit cannot be made in a maze; then none is changed.
        """
        running, mazes = self._episodes.mazes, self.mazes
        edited = {i: apply_edits(mazes[i], [edit]) for i in maze_numbers(indices, self.num_envs)}
        for index, maze in edited.items():
            running.put(index, maze)

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """Draw each maze for people: ``(512, 512, 3)`` uint8; None without a ``render_mode``."""
        return tuple(maze.render() for maze in self.mazes) if self.render_mode else None

    def close_extras(self) -> None:
        """Free procgen's side."""
        self._episodes.close()

    def _check_actions(self, actions: NDArray[np.int64]) -> list[int]:
        self._episodes.check_started("step")
        if self.autoreset_mode is AutoresetMode.DISABLED and any(self._episodes.finished):
            over = np.flatnonzero(self._episodes.finished).tolist()
            raise ResetNeeded(
                f'cannot step: the episodes of mazes {over} are over; call reset(options={{"reset_mask": mask}})'
            )
        chosen = np.asarray(actions)
        if chosen.shape != (self.num_envs,) or chosen.dtype.kind not in "iu":
            raise InvalidAction(
                f"actions must be integers of shape ({self.num_envs},), got {chosen.dtype} of shape {chosen.shape}"
            )
        numbers: list[int] = chosen.tolist()
        for number in numbers:
            if not 0 <= number < ACTIONS:
                raise InvalidAction(f"actions must be 0 to {ACTIONS - 1}, got {number}")
        return numbers

    def _checked_choices(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        """Check a reset's options, and return the ``level`` or ``maze`` that is chosen for each maze."""
        check_options(options, _OPTIONS)
        choices: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for name, singular in (("levels", "level"), ("mazes", "maze")):
            values = self._one_for_each(name, options[name]) if name in options else [None] * self.num_envs
            for choice, value in zip(choices, values, strict=True):
                if value is not None:
                    choice[singular] = value
        for index, choice in enumerate(choices):
            check_choice(choice, f" for maze {index}")
        if "reset_mask" in options:
            self._check_mask(options["reset_mask"])
        return choices

    def _check_mask(self, mask: Any) -> None:
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (self.num_envs,):
            raise ValueError(f"reset_mask must be a bool array of shape ({self.num_envs},), got {mask!r}")
        if not mask.any():
            raise ValueError("reset_mask must name at least one maze, got none")

    def _one_for_each(self, name: str, values: Any) -> Sequence[Any]:
        several = listed(values)
        if several is None:
            raise TypeError(f"{name} must be a list with one for each of {self.num_envs} mazes, got {values!r}")
        if len(several) != self.num_envs:
            raise ValueError(f"{name} must name one for each of {self.num_envs} mazes, got {len(several)}")
        return several

    def _checked_seeds(self, seed: Seeds) -> list[int | None]:
        """The seed of each maze; None where its generator goes on."""
        if seed is None:
            return [None] * self.num_envs
        if listed(seed) is not None:
            return [check_seed(own) for own in self._one_for_each("seed", seed)]
        first = whole_number(seed, "seed", 0)  # type: ignore[arg-type]
        return [first + index for index in range(self.num_envs)]

    def _seed(self, seeds: list[int | None], mask: NDArray[np.bool_]) -> None:
        for index in np.flatnonzero(mask):
            own = seeds[index]
            if own is not None or self._generators[index] is None:
                self._generators[index] = seeding.np_random(own)[0]

    def _next_maze(self, index: int, choice: dict[str, Any], edits: Iterable[Edit]) -> Maze:
        generator = self._generators[index]
        assert generator is not None
        return self._episodes.next_maze(generator, choice, edits)

    def _restart(self, mask: Sequence[bool]) -> None:
        for index, again in enumerate(mask):
            if again:
                self._episodes.start(index, self._next_maze(index, {}, ()))

    def _final(self, mask: NDArray[np.bool_]) -> dict[str, Any]:
        """The last observations and infos of the mazes that start again within this step."""
        observations = np.full(self.num_envs, None, object)
        for index in np.flatnonzero(mask):
            observations[index] = self._episodes.mazes.observations[index].copy()
        return {
            "final_obs": observations,
            "_final_obs": mask.copy(),
            "final_info": self._info(mask),
            "_final_info": mask.copy(),
        }

    def _info(self, mask: NDArray[np.bool_]) -> dict[str, Any]:
        """Arrays over the mazes with Gymnasium's masks."""
        now = self._episodes.mazes
        has_level, has_cheese = mask & (now.level != NO_CELL), mask & (now.cheese[:, 0] != NO_CELL)
        return {
            "level": now.level.copy(),
            "_level": has_level,
            "mouse": now.mouse,
            "_mouse": mask.copy(),
            "cheese": now.cheese.copy(),
            "_cheese": has_cheese,
            "reached_cheese": now.reached_cheese,
            "_reached_cheese": mask.copy(),
            "reached_top_right": now.reached_top_right,
            "_reached_top_right": mask.copy(),
        }


def _default_threads(num_envs: int) -> int:
    """Two threads per core, of which one draws while the other waits for its next maze; 0 where they do not pay."""
    if cores() == 1 or num_envs < _MAZES_WORTH_THREADS:
        return 0
    return min(2 * cores(), num_envs // _MAZES_OF_A_THREAD, MAX_THREADS)
