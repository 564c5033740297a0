"""The page on which one steers live: from a moved slider, or a wall, to new field and numbers."""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from websockets import Origin
from websockets.sync.client import ClientConnection, connect

from evaluation.measuring import one_torch_thread
from evaluation.measuring.cuts import Stages
from steered_env import Maze, cheese_vector, load_policy

from .timing import Row, seconds

_SIZES = {9: 60, 15: 150, 25: 350}
"""Sizes of mazes, and the milliseconds that a moved slider is to take."""
_WALL_TIMES = 3
_SLIDES, _WALLS, _BATCH = 20, 8, 16


def rows() -> Iterator[Row]:
    """A moved slider and a moved wall in mazes of three sizes, over the WebSocket of a server of its own process."""
    policy, levels = load_policy(), Maze.from_levels(range(60))
    with (
        _server() as address,
        connect(f"ws://{address}/socket", origin=Origin(f"http://{address}"), max_size=None) as page,
    ):
        for size, aim in _SIZES.items():
            maze = next(maze for maze in levels if maze.size == size and maze.decision_square is not None)
            asked = _Page(page, maze)
            slide, wall = asked.slider(), asked.wall()
            cells, alone = int((~maze.walls).sum()), 1000 * _layers_alone(policy, maze)
            network = f"the layers after the steered one alone, in every open cell, batches of {_BATCH}, one thread"
            yield Row(
                f"`play`: from a moved slider to new field and numbers, size {size} ({cells} open cells)",
                f"{slide:.0f} ms",
                f"{network}: {alone:.0f} ms",
                f"{alone / slide:.2f}",
                f"{aim} ms",
            )
            yield Row(
                f"`play`: from a moved wall, size {size}",
                f"{wall:.0f} ms",
                f"a moved slider: {slide:.0f} ms",
                f"{slide / wall:.2f}",
                f"{_WALL_TIMES * aim} ms",
            )


class _Page:
    """Asks a server as the page does.

    Args:
        connection: To the server.
        maze: The maze that is shown.
    """

    def __init__(self, connection: ClientConnection, maze: Maze) -> None:
        self._connection, self._maze = connection, maze
        self._numbers = itertools.count(1)
        self._scene = {"maze": str(maze), "condition": "-cheese"}
        self._show()

    def slider(self) -> float:
        """Median milliseconds from a slider that was moved to new numbers."""
        coefficients = np.linspace(-4, 4, _SLIDES).tolist()
        return self._median({"sliders": {"cheese": number}, "have_maze": True} for number in coefficients)

    def wall(self) -> float:
        """Median milliseconds from a wall that was drawn to new numbers."""
        free = {self._maze.mouse, self._maze.cheese, self._maze.corner}
        cells = [cell for cell in map(tuple, np.argwhere(~self._maze.walls).tolist()) if cell not in free]
        chosen = cells[:: max(len(cells) // _WALLS, 1)][:_WALLS]
        return self._median({"edit": {"do": "wall", "cells": [cell]}} for cell in chosen)

    def _median(self, requests: Iterator[dict[str, Any]]) -> float:
        return 1000 * statistics.median(seconds(lambda: self._show(request)) for request in list(requests))  # noqa: B023

    def _show(self, request: dict[str, Any] | None = None) -> None:
        """Ask, and wait for the numbers.

        Raises:
            RuntimeError: if there are none.
        """
        number = next(self._numbers)
        self._connection.send(json.dumps({"kind": "show", "id": number, "scene": self._scene, **(request or {})}))
        while (reply := json.loads(self._connection.recv()))["kind"] != "numbers":
            if reply["kind"] != "maze":
                raise RuntimeError(f"the server answered {reply}")
        if reply["problem"] is not None:
            raise RuntimeError(f"the server answered {reply['problem']}")


def _layers_alone(policy: Any, maze: Maze) -> float:
    """Seconds of the layers after the steered one, run in as many states as there are open cells."""
    stages = Stages(policy)
    first = stages.cut_of(cheese_vector(policy, maze)).stage
    with one_torch_thread(), torch.inference_mode():
        x = stages.run(policy.input_of(np.stack([maze.observe()] * _BATCH)), 0, first)
        batches = -(-int((~maze.walls).sum()) // _BATCH)
        return statistics.median(seconds(lambda: [stages.logits(x, first) for _ in range(batches)]) for _ in range(5))


@contextmanager
def _server() -> Iterator[str]:
    """The address of a server that runs in a process of its own, as somebody starts it."""
    command = [str(Path(sys.executable).with_name("steered-env")), "play", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().partition("http://")[2].partition("/")[0]
        finally:
            process.terminate()
