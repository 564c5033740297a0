"""Environment steps and drawn mazes against bare procgen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from gymnasium.vector import SyncVectorEnv
from procgen import ProcgenGym3Env

from steered_env import Maze, MazeEnv, MazeVectorEnv
from steered_env.sb3.vec_env import MazeVecEnv
from steered_env.simulator import draw_observations

from .timing import Row, in_turn

_STEPS = 3000
_MAZES = 256
_ENVS = 64


def rows() -> Iterator[Row]:
    """Steps of the environments, and mazes drawn."""
    yield _env_steps()
    yield from _vector_env_steps()
    yield _drawn_mazes()


def _env_steps() -> Row:
    """Random actions in one environment."""
    actions = np.random.default_rng(0).integers(0, 15, _STEPS)
    bare = ProcgenGym3Env(num=1, env_name="maze", distribution_mode="hard", start_level=0, num_levels=1, num_threads=0)
    env = MazeEnv(levels=0)

    def step_bare() -> None:
        for action in actions:
            bare.act(np.array([action]))
            bare.observe()

    def step_env() -> None:
        env.reset()
        for action in actions:
            if any(env.step(action)[2:4]):
                env.reset()

    theirs, ours = in_turn(step_bare, step_env)
    return Row(
        "`MazeEnv` steps per second",
        f"{_STEPS / ours:,.0f}",
        f"bare procgen, one maze, no threads: {_STEPS / theirs:,.0f}",
        f"{theirs / ours:.2f}",
        "1; the aim: 0.95",
    )


def _vector_env_steps() -> list[Row]:
    """Random actions in 64 mazes at default settings, with episodes that end and start again, and with none."""
    return [*_vector_rows("random actions, episodes end", ends=True), *_vector_rows("no episode ends", ends=False)]


def _vector_rows(what: str, *, ends: bool) -> list[Row]:
    rounds, levels = 60, range(_MAZES)
    actions = np.random.default_rng(0).integers(0, 15, (rounds, _ENVS))
    if not ends:
        actions[:] = 4  # every mouse stays
    bare = ProcgenGym3Env(num=_ENVS, env_name="maze", distribution_mode="hard", start_level=0, num_levels=_MAZES)
    envs = MazeVectorEnv(_ENVS, levels=levels)
    sb3 = MazeVecEnv(_ENVS, levels)
    sync = SyncVectorEnv([lambda: MazeEnv(levels=levels)] * _ENVS)
    envs.reset(seed=0), sb3.reset(), sync.reset(seed=0)

    def step_bare() -> None:
        for row in actions:
            bare.act(row)
            bare.observe()

    def stepper(vector: MazeVectorEnv | MazeVecEnv | SyncVectorEnv) -> Callable[[], None]:
        def run() -> None:
            for row in actions:
                vector.step(row)

        return run

    theirs, ours, ours_for_sb3, gymnasiums = in_turn(step_bare, stepper(envs), stepper(sb3), stepper(sync))
    count = rounds * _ENVS
    return [
        Row(
            f"`{name}`, {_ENVS} mazes, its default of threads, steps per second ({what})",
            f"{count / seconds:,.0f}",
            f"bare procgen, its default of 4 threads: {count / theirs:,.0f}; "
            f"`SyncVectorEnv` of `MazeEnv`: {count / gymnasiums:,.0f}",
            f"{theirs / seconds:.2f}",
            f"1; the aim: {aim}",
        )
        for name, seconds, aim in (("MazeVectorEnv", ours, 0.9), ("MazeVecEnv", ours_for_sb3, 0.85))
    ]


def _drawn_mazes() -> Row:
    """Edited mazes drawn, against the whole states through procgen's own calls."""
    mazes = [maze.without_cheese() for maze in Maze.from_levels(range(_MAZES))]
    bare = ProcgenGym3Env(
        num=_MAZES, env_name="maze", distribution_mode="hard", start_level=0, num_levels=0, num_threads=0
    )

    def through_procgen() -> None:
        states = bare.callmethod("get_state")
        bare.callmethod("set_state", states)
        bare.observe()

    def ours() -> None:
        draw_observations([maze.without_cheese() for maze in mazes])

    def drawing_alone() -> None:
        bare.act(np.full(_MAZES, 4))
        bare.observe()

    theirs, mine, limit = in_turn(through_procgen, ours, drawing_alone)
    return Row(
        "edited mazes drawn per second",
        f"{_MAZES / mine:,.0f}",
        f"`get_state` and `set_state` through procgen's own calls, nothing edited: {_MAZES / theirs:,.0f}",
        f"{theirs / mine:.1f}",
        f"{theirs / limit:.1f} (procgen stepping and drawing the same mazes: {_MAZES / limit:,.0f})",
    )
