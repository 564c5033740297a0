"""Films of a mouse under several conditions, side by side."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont
from torch import nn

from evaluation.measuring import (
    ConditionLike,
    SteerablePolicy,
    SteeringFactory,
    SteeringMaker,
    one_torch_thread,
    read_conditions,
)
from evaluation.results import check_folder, make_folder, policy_name
from steered_env import Maze, SteeredPolicy, Steering
from steered_env.envs import FRAMES_PER_SECOND
from steered_env.maze import check_maze
from steered_env.steering import Intervention

from .film_files import FORMATS, write_film
from .rollouts import Rollout, roll_out

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BAND, _GAP = 34, 8
"""Pixels: height of the bands above and below a maze, and width of the gap between panels."""
_BACKDROP, _TEXT = (20, 20, 24), (235, 235, 235)
_COLOURS = {"cheese": (255, 205, 60), "top right": (110, 185, 255), "neither": (170, 170, 170)}
_HOLD_S = 1.5
"""Seconds for which the film holds its end."""
_LARGEST_PANEL = 4096
_LONGEST_CAPTION = "reached the top right · step 256"


def record_video(
    policy: nn.Module | SteeredPolicy | str | os.PathLike[str],
    maze: Maze,
    conditions: Iterable[ConditionLike] | dict[str, Intervention | SteeringMaker],
    path: str | os.PathLike[str],
    *,
    vectors: Mapping[str, Steering] | None = None,
    steps: int = 256,
    seed: int = 0,
    deterministic: bool = False,
    panel: int = 384,
    frames_per_second: int = FRAMES_PER_SECOND,
    on_progress: Callable[[int, int], None] | None = None,
) -> Film:
    """Film one episode of each condition, side by side, with its name, step count and outcome.

    Args:
        policy: An `ImpalaPolicy`, any torch module with ``action_probabilities``, a `SteeredPolicy`, the name of a
            packaged policy, or a path.
        maze: The maze, in its start state.
        conditions: Conditions, as for `evaluate`.
        path: Path of the film, ``.mp4`` (H.264) or ``.gif``. Its folder is made; the file is whole or not there.
        vectors: Vectors of your own, by the words that stand for them in expressions.
        steps: Number of steps after which an episode that reached nothing is ended.
        seed: Seed of each condition's actions.
        deterministic: Always take the likeliest action.
        panel: Side of each maze in the film, in pixels, at most 4,096.
        frames_per_second: Film frames per second.
        on_progress: Called with (steps done, steps in all) after each step; an episode that ends early counts whole.

    Returns:
        The episodes, in the order of the conditions; a notebook shows them as the film.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if the path has another suffix, or a number is out of range.
        ConditionError: if an expression is no condition.
        VectorError: if a condition's vector does not exist for this maze.
    """
    check_maze(maze)
    target = Path(path)
    if target.suffix not in FORMATS:
        raise ValueError(f"a video's name must end in {' or '.join(FORMATS)}, got {target.name!r}")
    for name, value in (("steps", steps), ("panel", panel), ("frames_per_second", frames_per_second)):
        if value < 1:
            raise ValueError(f"{name} must be ≥ 1, got {value}")
    if panel > _LARGEST_PANEL:
        raise ValueError(f"panel must be ≤ {_LARGEST_PANEL:,} pixels, got {panel}")
    subject, read = SteerablePolicy.of(policy), read_conditions(conditions, vectors)
    rollouts: list[Rollout] = []

    def count(step: int) -> None:
        if on_progress is not None:
            on_progress(len(rollouts) * steps + step, len(read) * steps)

    with one_torch_thread():  # a batch of one observation takes longer in several
        factory = SteeringFactory(subject.module)
        steerings = {named.name: subject.steering.then(factory.steering(named, maze)) for named in read}
        check_folder(target.parent)
        for name, steering in steerings.items():
            steered = SteeredPolicy(subject.module, steering)
            rollouts.append(
                roll_out(steered, maze, name, steps=steps, seed=seed, deterministic=deterministic, on_step=count)
            )
    make_folder(target.parent)
    write_film(film(rollouts, panel, frames_per_second), target, frames_per_second)
    return Film(rollouts, target, maze, subject.name)


class Film(list[Rollout]):
    """The episodes of a film, in the order of its panels; a notebook shows the film.

    Args:
        rollouts: The episodes.
        path: The file.
        maze: The maze.
        policy: Name or path of the policy, if it was given by one.
    """

    def __init__(self, rollouts: Iterable[Rollout], path: Path, maze: Maze, policy: str | None = None) -> None:
        super().__init__(rollouts)
        self.path = path
        parts = [f"level {maze.level}"] if maze.level is not None else []
        parts += [f"policy {policy_name(policy)}"] if policy is not None else []
        parts.append("; ".join(rollout.name for rollout in self))
        self._heading = ", ".join(parts)

    def _repr_html_(self) -> str:
        heading = html.escape(self._heading)
        if not self.path.is_file():
            return f"<p>{heading}: {html.escape(str(self.path))} is not there any more</p>"
        data = base64.b64encode(self.path.read_bytes()).decode()
        if self.path.suffix == ".gif":
            return f'<p>{heading}</p><img alt="{heading}" src="data:image/gif;base64,{data}">'
        return f'<p>{heading}</p><video controls loop muted src="data:video/mp4;base64,{data}"></video>'


def film(rollouts: Sequence[Rollout], panel: int, frames_per_second: int) -> Iterator[NDArray[np.uint8]]:
    """Draw the frames of a film: panels side by side, each held when its episode is over.

    Yields:
        ``(H, W, 3)`` uint8, sides even, as H.264 wants them.
    """
    longest = max(rollout.steps for rollout in rollouts)
    panels = [_Panels(rollout, panel) for rollout in rollouts]
    for step in range(longest + 1 + round(_HOLD_S * frames_per_second)):
        yield _join([panel_of.at(step) for panel_of in panels])


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)


class _Panels:
    """Draws the panels of one episode; equal renderings are scaled once, and the last panel is drawn once."""

    def __init__(self, rollout: Rollout, side: int) -> None:
        self._rollout, self._side = rollout, side
        self._scaled: dict[int, Image.Image] = {}
        self._last = self._drawn(rollout.steps)

    def at(self, step: int) -> NDArray[np.uint8]:
        """Draw the panel of a step, or of the last one after it: ``(H, W, 3)`` uint8."""
        return self._drawn(step) if step < self._rollout.steps else self._last

    def _drawn(self, step: int) -> NDArray[np.uint8]:
        rollout, side = self._rollout, self._side
        over = step == rollout.steps
        colour = _COLOURS[rollout.outcome] if over else _BACKDROP
        image = Image.new("RGB", (side, side + 2 * _BAND), _BACKDROP)
        image.paste(self._rendering(step), (0, _BAND))
        draw = ImageDraw.Draw(image)
        _write(draw, rollout.name, (side / 2, _BAND / 2), side, _TEXT)
        caption = f"step {step}"
        if over:
            draw.rectangle((0, _BAND, side - 1, _BAND + side - 1), outline=colour, width=4)
            reached = f"reached the {rollout.outcome}" if rollout.outcome != "neither" else "reached neither"
            caption = f"{reached} · step {step}"
        place = (side / 2, 1.5 * _BAND + side)
        _write(draw, caption, place, side, colour if over else _TEXT, as_long_as=_LONGEST_CAPTION)
        return np.asarray(image)

    def _rendering(self, step: int) -> Image.Image:
        rendering = self._rollout.renderings[step]
        if id(rendering) not in self._scaled:  # the rollout keeps them all, so that no two share an id
            size = (self._side, self._side)
            self._scaled[id(rendering)] = Image.fromarray(rendering).resize(size, Image.Resampling.LANCZOS)
        return self._scaled[id(rendering)]


def _write(
    draw: ImageDraw.ImageDraw,
    text: str,
    centre: tuple[float, float],
    side: int,
    colour: tuple[int, int, int],
    *,
    as_long_as: str = "",
) -> None:
    """Write centred text, smaller if it, or the longer text that it alternates with, would not fit."""
    size = 18
    longest = max(text, as_long_as, key=len)
    while size > 8 and draw.textlength(longest, font=_font(size)) > side - 8:
        size -= 1
    draw.text(centre, text, font=_font(size), fill=colour, anchor="mm")


def _join(panels: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Put panels of one height side by side, and make the sides even, as H.264 wants them."""
    height = len(panels[0])
    gap = _backdrop(height, _GAP)
    columns = [part for panel in panels for part in (panel, gap)][:-1]
    columns.append(_backdrop(height, sum(part.shape[1] for part in columns) % 2))
    joined = np.concatenate(columns, axis=1)
    return np.concatenate([joined, _backdrop(height % 2, joined.shape[1])]) if height % 2 else joined


def _backdrop(height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), _BACKDROP, np.uint8)
