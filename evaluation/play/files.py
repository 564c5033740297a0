"""Scenes as files: figure, picture, film, text, program, steering."""

from __future__ import annotations

import base64
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.storage import BASELINE
from steered_env import Maze, SteeredPolicy, Steering
from steered_env.steering import Intervention

from . import messages
from .networks import Network
from .pictures import png_of
from .problems import Problem

_TYPES = {
    "png": "image/png",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "txt": "text/plain",
    "py": "text/x-python",
    "safetensors": "application/octet-stream",
}


@dataclass(frozen=True)
class SceneFile:
    """What a file is made of.

    Attributes:
        scene: The scene.
        maze: Its maze.
        network: Its policy.
        steering: That of its condition.
        whole: That of condition and chips, without the policy's own; None where there is none.
        name: What it is called in figures and films.
        given: Words that stand for steerings of the server's.
    """

    scene: messages.Scene
    maze: Maze
    network: Network
    steering: Intervention
    whole: Intervention | None
    name: str
    given: list[str]

    @property
    def policy(self) -> SteeredPolicy:
        """The policy with the steering that it brings along."""
        return SteeredPolicy(self.network.module, self.network.policy.steering)


def file_of(what: SceneFile, form: str, *, seed: int, likeliest: bool) -> dict[str, Any]:
    """Make a file: its ``name``, its ``type``, and its ``data`` as base64.

    Args:
        what: The scene.
        form: One of those of a `SaveRequest`.
        seed: Seed of the actions of a film.
        likeliest: Whether the film's mouse always takes the likeliest action.

    Raises:
        Problem: if there is nothing to save in this form.
    """
    if form in ("gif", "mp4"):
        suffix, data = form, _film(what, form, seed=seed, likeliest=likeliest)
    elif form == "png":
        suffix, data = "png", _figure(what)
    elif form == "maze_png":
        suffix, data = "png", png_of(what.maze.render())
    elif form == "text":
        suffix, data = "txt", f"{what.maze}\n".encode()
    elif form == "python":
        suffix, data = "py", program_of(what.scene, what.given).encode()
    else:
        suffix, data = "safetensors", _safetensors(what)
    stem = "maze" if what.maze.level is None else f"level-{what.maze.level}"
    if form == "png":
        stem += "-fields"  # the picture of the maze alone is a PNG too
    return {"name": f"{stem}.{suffix}", "type": _TYPES[suffix], "data": base64.b64encode(data).decode()}


def program_of(scene: messages.Scene, given: list[str]) -> str:
    """A program that makes a scene's maze and steering, and prints the numbers that the page shows."""
    names = ["Maze", "load_policy"]
    vectors = [f'    "{name}": Steering.load("{name}.safetensors"),' for name in given]
    for snapshot in scene.vectors:
        this, that = (f'Maze.from_text("""\n{text.strip()}\n""")' for text in (snapshot.this, snapshot.that))
        vectors.append(f'    "{snapshot.name}": Steering.difference(policy, {this}, {that}, layer="{scene.layer}"),')
    names += ["Steering"] if vectors else []
    changes = []
    for chip in scene.chips:
        where = f'layer="{chip.layer}", channels=[{chip.channel}]'
        if isinstance(chip, messages.ScaleChip):
            changes.append(f"scaling({chip.factor!r}, {where})")
        else:
            changes.append(f"setting({chip.value!r}, {chip.cell}, {where})")
        names.append(changes[-1].partition("(")[0])
    lines = [f"from steered_env import {', '.join(dict.fromkeys(sorted(names)))}", ""]
    lines += [f'policy = load_policy("{scene.policy}")', f'maze = Maze.from_text("""\n{scene.maze.strip()}\n""")']
    lines += ["vectors = {", *vectors, "}"] if vectors else ["vectors = {}"]
    if changes:
        lines[0] = "from evaluation.measuring import Condition, SteeringFactory\n" + lines[0]
        lines.append(f"condition = Condition.parse({scene.condition!r}, vectors)")
        lines.append("steering = SteeringFactory(policy).steering(condition, maze)")
        lines += [f"steering = steering.then({change})" for change in changes]
        conditions, extra = f'["{BASELINE}", ("steered", steering)]', ""
    else:
        steers = [] if scene.condition == BASELINE else [scene.condition]
        conditions, extra = repr([BASELINE, *steers]), ", vectors=vectors"
    lines.insert(0, "from evaluation import evaluate")
    lines.append(f"results = evaluate(policy, mazes=[maze], conditions={conditions}{extra}, horizon={scene.horizon})")
    lines.append('print(results.frame.set_index("condition").T)')
    return "\n".join(lines) + "\n"


def _figure(what: SceneFile) -> bytes:
    from evaluation.results import png_of as png_of_figure  # here, since the server starts without figures
    from evaluation.views import fields_figure, vector_field

    policy = what.policy
    baseline = vector_field(policy, what.maze)
    fields = [baseline]
    if what.whole is not None:
        steered = vector_field(policy, what.maze, (what.name, what.whole))
        fields += [steered, steered.difference(baseline)]
    return png_of_figure(fields_figure(fields, policy=what.scene.policy))


def _film(what: SceneFile, form: str, *, seed: int, likeliest: bool) -> bytes:
    from evaluation.views import record_video

    conditions: dict[str, Any] = {BASELINE: Steering()}
    if what.whole is not None:
        conditions[what.name] = what.whole
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"film.{form}"
        steps = what.scene.horizon
        record_video(what.policy, what.maze, conditions, path, steps=steps, seed=seed, deterministic=likeliest)
        return path.read_bytes()


def _safetensors(what: SceneFile) -> bytes:
    if not isinstance(what.steering, Steering) or not what.steering:
        raise Problem("condition", f"{what.scene.condition!r} steers nothing: there is no steering to save")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "steering.safetensors"
        what.steering.save(path)
        return path.read_bytes()
