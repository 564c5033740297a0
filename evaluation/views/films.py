"""Films of a mouse under several conditions, side by side."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import imageio.v3 as iio
import numpy as np
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont
from torch import nn

from evaluation.measuring import (
    ConditionLike,
    SteerablePolicy,
    SteeringFactory,
    SteeringMaker,
    read_conditions,
)
from evaluation.results import check_folder, make_folder
from steered_env import Maze, MazeEnv, SteeredPolicy
from steered_env.envs import FRAMES_PER_SECOND
from steered_env.maze import check_maze
from steered_env.simulator import PICTURE_SHAPE
from steered_env.steering import Intervention
from steered_env.system import atomic_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FORMATS = (".mp4", ".gif")
_BAND, _GAP = 34, 8
"""Pixels: height of the bands above and below a maze, and width of the gap between panels."""
_MARGIN = 2
"""Cells around the open ones."""
_BACKDROP, _TEXT = (20, 20, 24), (235, 235, 235)
_COLOURS = {"cheese": (255, 205, 60), "top right": (110, 185, 255), "neither": (170, 170, 170)}
_HOLD_S = 1.5
"""Seconds for which the film holds its end."""
_SHADES, _COLOURS_OF_GIF = 32, 128
_LARGEST_PANEL = 4096
_LONGEST_CAPTION = "reached the top right · step 256"


@dataclass(frozen=True)
class Rollout:
    """One filmed episode.

    Attributes:
        name: Name of the condition.
        renderings: Renderings of the maze, each ``(S, S, 3)`` uint8, cut to the open cells; one more than steps.
        outcome: ``"cheese"``, ``"top right"`` or ``"neither"``.
    """

    name: str
    renderings: list[NDArray[np.uint8]] = field(repr=False)
    outcome: str

    @property
    def steps(self) -> int:
        """Number of steps of the episode."""
        return len(self.renderings) - 1


def roll_out(policy: SteeredPolicy, maze: Maze, name: str, *, steps: int, deterministic: bool = False) -> Rollout:
    """Run one episode in the real environment, until the cheese, the corner, or ``steps``."""
    window = _window(maze)
    env = MazeEnv(until="either", time_limit=steps, render_mode="rgb_array")
    try:
        observation, info = env.reset(options={"maze": maze})
        renderings = [_rendering(env, window)]
        over = maze.mouse == maze.corner
        while not over:
            action, _ = policy.predict(observation, deterministic=deterministic)
            observation, _, terminated, truncated, info = env.step(cast("int", action))
            renderings.append(_rendering(env, window))
            over = terminated or truncated
    finally:
        env.close()
    reached = {"cheese": info["reached_cheese"], "top right": info["reached_top_right"], "neither": True}
    return Rollout(name, renderings, next(outcome for outcome, was in reached.items() if was))


def record_video(
    policy: nn.Module | SteeredPolicy | str | os.PathLike[str],
    maze: Maze,
    conditions: Iterable[ConditionLike] | dict[str, Intervention | SteeringMaker],
    path: str | os.PathLike[str],
    *,
    steps: int = 256,
    seed: int = 0,
    deterministic: bool = False,
    panel: int = 384,
    frames_per_second: int = FRAMES_PER_SECOND,
) -> list[Rollout]:
    """Film one episode of each condition, side by side, with its name, step count and outcome.

    Args:
        policy: An `ImpalaPolicy`, any torch module with ``action_probabilities``, a `SteeredPolicy`, the name of a
            packaged policy, or a path.
        maze: The maze, in its start state.
        conditions: Conditions, as for `evaluate`.
        path: Path of the film, ``.mp4`` (H.264) or ``.gif``. Its folder is made; the file is whole or not there.
        steps: Number of steps after which an episode that reached nothing is ended.
        seed: Seed of each condition's actions.
        deterministic: Always take the likeliest action.
        panel: Side of each maze in the film, in pixels, at most 4,096.
        frames_per_second: Film frames per second.

    Returns:
        The episodes, in the order of the conditions.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if the path has another suffix, or a number is out of range.
        ConditionError: if an expression is no condition.
        VectorError: if a condition's vector does not exist for this maze.
    """
    check_maze(maze)
    target = Path(path)
    if target.suffix not in _FORMATS:
        raise ValueError(f"a video's name must end in {' or '.join(_FORMATS)}, got {target.name!r}")
    for name, value in (("steps", steps), ("panel", panel), ("frames_per_second", frames_per_second)):
        if value < 1:
            raise ValueError(f"{name} must be ≥ 1, got {value}")
    if panel > _LARGEST_PANEL:
        raise ValueError(f"panel must be ≤ {_LARGEST_PANEL:,} pixels, got {panel}")
    subject = SteerablePolicy.of(policy)
    module, factory = subject.module, SteeringFactory(subject.module)
    steerings = {
        condition.name: subject.steering.then(factory.steering(condition, maze))
        for condition in read_conditions(conditions)
    }
    check_folder(target.parent)
    rollouts = [
        roll_out(SteeredPolicy(module, steering, seed=seed), maze, name, steps=steps, deterministic=deterministic)
        for name, steering in steerings.items()
    ]
    make_folder(target.parent)
    write_film(list(film(rollouts, panel, frames_per_second)), target, frames_per_second)
    return rollouts


def film(rollouts: Sequence[Rollout], panel: int, frames_per_second: int) -> Iterator[NDArray[np.uint8]]:
    """Draw the frames of a film: panels side by side, each held when its episode is over.

    Yields:
        ``(H, W, 3)`` uint8, sides even, as H.264 wants them.
    """
    longest = max(rollout.steps for rollout in rollouts)
    for step in range(longest + 1 + round(_HOLD_S * frames_per_second)):
        yield _join([_panel(rollout, min(step, rollout.steps), panel) for rollout in rollouts])


def write_film(frames: Sequence[NDArray[np.uint8]], path: Path, frames_per_second: int) -> None:
    """Write frames as ``.mp4`` or ``.gif``, whole or not at all.

    Raises:
        OSError: if it cannot be written, for instance since the disk is full; names the path.
    """
    # encoded in memory, since an encoder that cannot write complains once more when it is cleaned up
    encoded = gif(frames, frames_per_second) if path.suffix == ".gif" else _mp4(frames, frames_per_second)
    with atomic_file(path) as temporary:
        temporary.write_bytes(encoded)


def _mp4(frames: Sequence[NDArray[np.uint8]], frames_per_second: int) -> bytes:
    return iio.imwrite(
        "<bytes>", np.stack(frames), extension=".mp4", plugin="pyav", codec="libx264", fps=frames_per_second
    )


def gif(frames: Sequence[NDArray[np.uint8]], frames_per_second: int) -> bytes:
    """Encode an animated GIF, with one palette for the whole film, so that still parts cost nothing."""
    palette = _palette(frames)
    first, *rest = (Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    duration = round(1000 / frames_per_second)
    with io.BytesIO() as file:
        first.save(file, "gif", save_all=True, append_images=rest, duration=duration, loop=0, optimize=False)
        return file.getvalue()


def _palette(frames: Sequence[NDArray[np.uint8]]) -> Image.Image:
    """Make an image whose palette stands for every colour of the film, rare ones too.

    Counted by pixels, the cheese's few would vanish among those of walls and background: every shade, of 32 steps a
    channel, counts once for each doubling of its pixels.
    """
    pixels = np.zeros(_SHADES**3, np.int64)
    for frame in frames:
        red, green, blue = np.moveaxis(frame.astype(np.int64) * _SHADES // 256, 2, 0)
        pixels += np.bincount(((red * _SHADES + green) * _SHADES + blue).ravel(), minlength=len(pixels))
    shades = np.flatnonzero(pixels)
    weighed = np.repeat(shades, np.log2(pixels[shades]).astype(np.int64) + 1)
    colours = np.stack(np.unravel_index(weighed, (_SHADES,) * 3), axis=1)
    middles = (colours * 2 + 1) * 128 // _SHADES
    return Image.fromarray(middles[None].astype(np.uint8)).quantize(colors=_COLOURS_OF_GIF, dither=Image.Dither.NONE)


def _rendering(env: MazeEnv, window: tuple[slice, slice]) -> NDArray[np.uint8]:
    rendering = env.render()
    assert rendering is not None
    return rendering[window]


def _window(maze: Maze) -> tuple[slice, slice]:
    """The square part of a rendered maze that holds all open cells, with a margin of a cell or two."""
    world = len(maze.walls)
    first = int(np.argwhere(~maze.walls).min())
    last = int(np.argwhere(~maze.walls).max())
    low, high = max(0, first - _MARGIN), min(world, last + 1 + _MARGIN)
    side = PICTURE_SHAPE[0] / world
    columns = slice(round(low * side), round(high * side))
    rows = slice(round((world - high) * side), round((world - low) * side))
    return rows, columns


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)


def _panel(rollout: Rollout, step: int, side: int) -> Image.Image:
    over = step == rollout.steps
    colour = _COLOURS[rollout.outcome] if over else _BACKDROP
    image = Image.new("RGB", (side, side + 2 * _BAND), _BACKDROP)
    rendering = Image.fromarray(rollout.renderings[step]).resize((side, side), Image.Resampling.LANCZOS)
    image.paste(rendering, (0, _BAND))
    draw = ImageDraw.Draw(image)
    _write(draw, rollout.name, (side / 2, _BAND / 2), side, _TEXT)
    caption = f"step {step}"
    if over:
        draw.rectangle((0, _BAND, side - 1, _BAND + side - 1), outline=colour, width=4)
        reached = f"reached the {rollout.outcome}" if rollout.outcome != "neither" else "reached neither"
        caption = f"{reached} · step {step}"
    _write(draw, caption, (side / 2, 1.5 * _BAND + side), side, colour if over else _TEXT, as_long_as=_LONGEST_CAPTION)
    return image


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


def _join(panels: Sequence[Image.Image]) -> NDArray[np.uint8]:
    width = sum(panel.width for panel in panels) + _GAP * (len(panels) - 1)
    height = panels[0].height
    image = Image.new("RGB", (width + width % 2, height + height % 2), _BACKDROP)
    left = 0
    for panel in panels:
        image.paste(panel, (left, 0))
        left += panel.width + _GAP
    return np.asarray(image)
