"""Reach rates by stepping the real simulator and counting: the ground truth for the exact method.

Also the only way to measure a policy that remembers, or one that only has ``predict``.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from steered_env import Maze
from steered_env.envs import RunningMazes
from steered_env.simulator import ACTIONS
from steered_env.steering import Intervention, sample_actions
from steered_env.system import check_given_up

from .measures import Measures, ReachRates, Towards, towards_cheese_and_corner
from .shared_forward import SharedForward

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Predictor(Protocol):
    """A policy that only chooses actions, as Stable-Baselines3's models do."""

    def predict(
        self,
        observation: NDArray[np.uint8],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.int64], Any]:
        """Observations ``(B, 64, 64, 3)`` to actions ``(B,)``."""
        ...


class Episodes:
    """Several episodes of one maze, run side by side in procgen.

    Args:
        maze: in its start state.
        count: how many episodes.
    """

    def __init__(self, maze: Maze, count: int) -> None:
        self._region = maze.top_right_region()
        self._mazes = RunningMazes(count)
        for index in range(count):
            self._mazes.start(index, maze)
        self.running = np.ones(count, np.bool_)
        self._reached_region = self._in_region()

    @property
    def observations(self) -> NDArray[np.uint8]:
        """What procgen shows now: ``(count, 64, 64, 3)`` uint8, overwritten by the next step."""
        return self._mazes.observations

    @property
    def mice(self) -> NDArray[np.intp]:
        """Where the mice are: ``(count, 2)``, row and column."""
        return self._mazes.mouse

    def step(self, actions: NDArray[np.int64]) -> None:
        """Move every mouse; what those do whose episode is over does not matter.

        Raises:
            RuntimeError: if procgen's reward disagrees with where a mouse must be.
        """
        self._mazes.step(actions, self.running)
        self.running &= ~self._mazes.reached_cheese
        self._reached_region |= self._in_region() & self.running

    def rates(self) -> ReachRates:
        """Count the share of episodes that reached each place.

        Raises:
            RuntimeError: if procgen has a mouse somewhere else than it must be.
        """
        for index in np.flatnonzero(self.running):
            self._mazes.check(int(index))
        cheese, corner = self._mazes.reached_cheese, self._mazes.reached_top_right
        return ReachRates(
            cheese=float(cheese.mean()),
            corner=float(corner.mean()),
            region=float(self._reached_region.mean()),
            either=float((cheese | corner).mean()),
        )

    def close(self) -> None:
        """Close the simulator."""
        self._mazes.close()

    def _in_region(self) -> NDArray[np.bool_]:
        rows, cols = self._mazes.mouse.T
        inside: NDArray[np.bool_] = self._region[rows, cols]
        return inside


class _SeenFrames:
    """Runs the network on observations, on each only once: equal observations have equal probabilities."""

    def __init__(self, forward: SharedForward, maze: Maze, condition: tuple[str, Intervention]) -> None:
        self._forward, self._maze, self._condition = forward, maze, dict([condition])
        self._known: dict[bytes, NDArray[np.float32]] = {}

    def probabilities(self, observations: NDArray[np.uint8], mice: NDArray[np.intp]) -> NDArray[np.float32]:
        """``(N, 64, 64, 3)`` uint8, and the cell ``(N, 2)`` of each mouse, to ``(N, 15)`` float32."""
        keys = [observation.tobytes() for observation in observations]
        new = {key: index for index, key in enumerate(keys) if key not in self._known}
        if new:
            seen = list(new.values())
            cells = [(int(row), int(col)) for row, col in mice[seen]]
            rows = self._forward.at(self._maze, cells, observations[seen], self._condition)[0]
            self._known.update(zip(new, rows, strict=True))
        return np.stack([self._known[key] for key in keys])


DrawKey = tuple[int, int]
"""Key of a maze's draws; with seed, condition and episode it fixes them."""


def draw_keys(mazes: Sequence[Maze]) -> list[DrawKey]:
    """The key of each maze's draws: the level of a maze as its level generates it, the text of any other.

    So the draws of a maze do not depend on what is measured beside it, and no two different mazes share theirs: their
    errors would go together, and their mean would look surer than it is.
    """
    levels = sorted({maze.level for maze in mazes if maze.level is not None})
    generated = dict(zip(levels, Maze.from_levels(levels), strict=True))
    return [
        (1, maze.level)
        if maze.level is not None and maze == generated[maze.level]
        else (0, zlib.crc32(str(maze).encode()))
        for maze in mazes
    ]


def episode_uniforms(seed: int, key: DrawKey, condition: str, episodes: int, horizon: int) -> NDArray[np.float64]:
    """``(episodes, horizon)`` numbers in [0, 1), each row fixed by (seed, key of the maze, condition, episode)."""
    return np.stack(
        [
            np.random.default_rng([seed, *key, zlib.crc32(condition.encode()), episode]).random(horizon)
            for episode in range(episodes)
        ]
    )


def measure_by_sampling(
    forward: SharedForward,
    maze: Maze,
    steerings: dict[str, Intervention],
    *,
    horizon: int,
    episodes: int,
    seed: int,
    key: DrawKey,
    deterministic: bool = False,
) -> dict[str, Measures]:
    """Measure one maze under several steerings, each with episodes of its own.

    Args:
        forward: the policy; it sees the very observations that procgen draws.
        maze: in its start state.
        steerings: condition name to steering.
        horizon: steps.
        episodes: of each condition.
        seed: with key, condition and episode it fixes all draws.
        key: of the maze, from `draw_keys`.
        deterministic: always take the likeliest action.

    Returns:
        The measures of each condition.

    Raises:
        NoProbabilitiesError: if the policy gives no probabilities somewhere; names maze, cell and condition.
    """
    results = {}
    for name, steering in steerings.items():
        uniforms = episode_uniforms(seed, key, name, episodes, horizon)
        seen = _SeenFrames(forward, maze, (name, steering))
        with closing(Episodes(maze, episodes)) as run:
            for step in range(horizon):
                check_given_up()
                active = np.flatnonzero(run.running)
                if not len(active):
                    break
                probabilities = seen.probabilities(run.observations[active], run.mice[active])
                actions = np.zeros(episodes, np.int64)
                if deterministic:
                    actions[active] = probabilities.argmax(axis=1)
                else:
                    actions[active] = sample_actions(probabilities, uniforms[active, step])
                run.step(actions)
            rates = run.rates()
        towards = _towards(forward, maze, {name: steering})
        results[name] = Measures.of(maze, rates, towards, episodes=episodes)
    return results


def measure_predictor(
    policy: Predictor, maze: Maze, *, horizon: int, episodes: int, deterministic: bool = False
) -> Measures:
    """Measure a policy that only has ``predict``; it draws its actions itself.

    Raises:
        ValueError: if what it gives are no actions, one for each observation.
    """
    state, starts = None, np.ones(episodes, np.bool_)
    with closing(Episodes(maze, episodes)) as run:
        for _ in range(horizon):
            if not run.running.any():
                break
            check_given_up()
            actions, state = policy.predict(
                run.observations.copy(), state=state, episode_start=starts, deterministic=deterministic
            )
            run.step(_checked_actions(actions, episodes, policy))
            starts = np.zeros(episodes, np.bool_)
        rates = run.rates()
    return Measures.of(maze, rates, Towards(), episodes=episodes)


def _checked_actions(actions: object, count: int, policy: object) -> NDArray[np.int64]:
    """Check that a policy chose one action for each of its mazes."""
    chosen = np.asarray(actions)
    if chosen.shape != (count,) or not np.issubdtype(chosen.dtype, np.integer):
        raise ValueError(
            f"predict of {type(policy).__name__} must give {count} whole numbers for {count} observations, got "
            f"{chosen.dtype} of shape {chosen.shape}"
        )
    if outside := [action for action in chosen.tolist() if not 0 <= action < ACTIONS]:
        raise ValueError(f"predict of {type(policy).__name__} must give actions 0 to {ACTIONS - 1}, got {outside[0]}")
    return chosen.astype(np.int64)


def _towards(forward: SharedForward, maze: Maze, condition: Mapping[str, Intervention]) -> Towards:
    square = maze.decision_square
    if square is None:
        return Towards()
    observation = maze.with_mouse(square, facing_right=False).observe()
    return towards_cheese_and_corner(maze, forward.at(maze, [square], observation[None], condition)[0, 0])
