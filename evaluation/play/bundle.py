"""A page that needs no server: one HTML file with all that it shows computed beforehand."""

from __future__ import annotations

import base64
import errno
import hashlib
import itertools
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.measuring import Condition, KnownMaze, MazeNumbers, one_torch_thread
from evaluation.results import check_folder, make_folder, write_text
from evaluation.storage import BASELINE
from steered_env import Maze, VectorError
from steered_env.system import cores

from .networks import Network
from .page_files import page_file
from .pictures import facts_of
from .session import Session, cells_of, side_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUNDLED_LEVELS = (6, 27, 25, 45, 8)
"""Mazes of sizes 9 to 21, in all of which the two vectors part the mouse from the cheese."""
_COEFFICIENTS = tuple(float(number) for number in np.linspace(-3, 3, 13))
_WORDS = ("cheese", "top_right")
_HORIZON = 256
_STYLE = '<link rel="stylesheet" href="play.css">'
_MODULE = '<script type="module" src="play.js"></script>'
_DATA = '<script type="application/json" id="bundle">'
_NO_ARROW, _LONGEST_ARROW = -128, 127
_POWER = 2
_DIGITS = 5
"""After the point of rates: what rounding takes is more than what the exact method gives up."""


def write_bundle(
    folder: Path,
    policy: str = "small",
    *,
    levels: Sequence[int] = BUNDLED_LEVELS,
    coefficients: Sequence[float] = _COEFFICIENTS,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Path:
    """Write a page that needs no server, and return its path.

    Args:
        folder: Gets the page, ``index.html``; it is made.
        policy: A packaged policy, or a path.
        levels: The mazes that can be chosen.
        coefficients: Those of each of the two vectors, cheese and top-right.
        on_progress: Called with (points done, points in all).

    Raises:
        OSError: if it cannot be written, or the folder has an ``index.html`` that is no such page.
        ValueError: if there is no such policy.
    """
    check_folder(folder)
    path = folder / "index.html"
    _refuse_other_page(path)
    session = Session(Maze.from_level(levels[0]), policies={Path(policy).name: policy})
    points = list(itertools.product(coefficients, repeat=len(_WORDS)))
    mazes: list[dict[str, Any]] = []
    with one_torch_thread(), ThreadPoolExecutor(cores()) as pool:
        for maze in Maze.from_levels(levels):
            computed = _Computed(session.network(session.scene.policy), maze, pool)
            grid = []
            for point in points:
                grid.append(computed.side(point))
                on_progress(len(mazes) * len(points) + len(grid), len(levels) * len(points))
            mazes.append({**computed.facts(), "grid": grid})
    session.close()
    (hello,) = session.answer({"kind": "hello", "id": 0})
    step = coefficients[1] - coefficients[0]
    hello |= {"can": ["show"], "words": list(_WORDS)}
    hello["sliders"] = {"from": coefficients[0], "to": coefficients[-1], "step": step}
    hello["sizes"] = sorted({maze["maze"]["size"] for maze in mazes})
    data = {"hello": hello, "coefficients": {word: list(coefficients) for word in _WORDS}, "mazes": mazes}
    make_folder(folder)
    write_text(path, page_with(data))
    return path


def _refuse_other_page(path: Path) -> None:
    if path.exists() and not (path.is_file() and _DATA in path.read_text(encoding="utf-8", errors="replace")):
        why = "it is no page of this kind, and would be written over: choose another folder, or move it away"
        raise FileExistsError(errno.EEXIST, why, str(path))


def page_with(data: dict[str, Any]) -> str:
    """The page with its style, its module and its data in it; its policy allows these alone."""
    style, module = page_file("play.css"), page_file("play.js")
    policy = (
        f"default-src 'none'; script-src '{_digest(module)}'; style-src '{_digest(style)}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    plain = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<style>{style}</style>'
    scripts = f'{_DATA}{plain}</script>\n<script type="module">{module}</script>'
    return page_file("index.html").replace(_STYLE, head).replace(_MODULE, scripts)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class _Computed:
    """What the page shows of one maze.

    Args:
        network: The policy.
        maze: The maze.
        pool: Threads that run the network.
    """

    def __init__(self, network: Network, maze: Maze, pool: Executor) -> None:
        self._network, self._maze = network, maze
        self._known = KnownMaze(network.forward, maze, pool)
        self._known.keep_for(network.factory.steering(Condition.parse(_WORDS[0]), maze, self._known.vectors))
        self._baseline = self._known.numbers(None, BASELINE, horizon=_HORIZON)

    def facts(self) -> dict[str, Any]:
        """The maze, and its numbers without steering."""
        return {
            "maze": facts_of(self._maze),
            "cells": cells_of(self._baseline, self._maze),
            "baseline": packed(self._baseline),
        }

    def side(self, coefficients: Sequence[float]) -> dict[str, Any] | None:
        """The numbers of one point of the grid; None where a vector does not exist."""
        terms = [f"{value}*{word}" for word, value in zip(_WORDS, coefficients, strict=True) if value]
        condition = Condition.parse(" + ".join(terms) or BASELINE)
        try:
            steering = self._network.factory.steering(condition, self._maze, self._known.vectors)
        except VectorError:
            return None
        return packed(self._known.numbers(steering, condition.name, horizon=_HORIZON))


def packed(numbers: MazeNumbers) -> dict[str, Any]:
    """The numbers of one condition in few bytes: an arrow to the 127th, a time to the 255th of the longest's root."""
    side = side_of(numbers)
    arrows = np.array([[np.nan] * 2 if arrow is None else arrow for arrow in side["arrows"]])
    small = np.where(np.isnan(arrows), _NO_ARROW, np.round(arrows * _LONGEST_ARROW)).astype(np.int8)
    times = np.array(side["time"])
    longest = float(times.max())
    shades = np.round((times / longest) ** (1 / _POWER) * 255).astype(np.uint8)
    side["arrows"] = {"int8": _in_base64(small), "scale": round(1 / _LONGEST_ARROW, 9)}
    side["time"] = {"uint8": _in_base64(shades), "scale": round(longest, 4), "power": _POWER}
    rounded: dict[str, Any] = {**_rounded(side), "error_bound": 10.0**-_DIGITS}
    return rounded


def _in_base64(array: NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode()


def _rounded(value: Any) -> Any:
    """Plain values, their numbers to the last of so many digits after the point."""
    if isinstance(value, dict):
        return {name: part if name == "scale" else _rounded(part) for name, part in value.items()}
    return round(value, _DIGITS) if isinstance(value, float) else value
