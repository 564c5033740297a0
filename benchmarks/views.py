"""Vector fields and films against what they cannot do without."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from evaluation import record_video, vector_field
from evaluation.measuring import one_torch_thread
from evaluation.views.film_files import write_film
from evaluation.views.films import film
from evaluation.views.rollouts import Rollout
from steered_env import Maze, cheese_vector, load_policy

from .timing import Row, in_turn

_LEVEL = 27
"""The level of `make table`'s film."""
_CONDITIONS = ("baseline", "-cheese", "top_right", "top_right - cheese")
_BATCH = 32


def rows() -> Iterator[Row]:
    """A vector field of a large maze, and the film of `make table`."""
    yield _field()
    yield _film()


def _field() -> Row:
    policy = load_policy()
    maze = next(maze for maze in Maze.from_levels(range(60)) if maze.size == 25)
    cells = int((~maze.walls).sum()) - 1
    steered = -cheese_vector(policy, maze)
    observations = np.random.default_rng(0).integers(0, 256, (_BATCH, 64, 64, 3), np.uint8)

    def network_alone() -> None:
        for _ in range(0, cells, _BATCH):
            policy.action_probabilities(observations)

    def in_one_thread() -> None:
        with one_torch_thread():
            network_alone()

    ours, one_core = in_turn(lambda: vector_field(policy, maze, ("steered", steered)), in_one_thread)
    return Row(
        f"a vector field of {cells} cells (size {maze.size}), policy `small`",
        f"{ours:.2f} s",
        f"the network alone on as many observations, batches of {_BATCH}, one thread: {one_core:.2f} s",
        f"{one_core / ours:.2f}",
        f"{torch.get_num_threads()} (a core each)",
    )


def _film() -> Row:
    policy, maze = load_policy(), Maze.from_level(_LEVEL)
    with tempfile.TemporaryDirectory() as folder:
        path, rollouts = Path(folder) / "film.mp4", list[Rollout]()

        def whole() -> None:
            rollouts[:] = record_video(policy, maze, _CONDITIONS, path)

        def written_alone() -> None:
            write_film(film(rollouts, 384, 15), path, 15)

        took, writing = in_turn(whole, written_alone, rounds=3)
    steps = sum(rollout.steps for rollout in rollouts)
    return Row(
        f"a film of {len(_CONDITIONS)} conditions, {steps} steps in all (`make table`'s)",
        f"{took:.1f} s",
        f"drawing and encoding its frames alone: {writing:.1f} s",
        f"{writing / took:.2f}",
        "1; the aim: 5 s",
    )
