"""Which pictures procgen loads: those of all its games, or those of mazes alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

_BACKGROUNDS_OF_OTHER_GAMES = (
    "platform_backgrounds",
    "platform_backgrounds_2",
    "space_backgrounds",
    "water_backgrounds",
)
_IN_THEIR_PLACE = "misc_assets/cheese.png"


class _Process:
    """What this process has loaded, and what it wants."""

    mazes_alone = loaded = False


def load_maze_images_alone() -> None:
    """Let this process start procgen in a quarter of the time, for mazes alone.

    procgen loads the pictures of all its games once, when the first of them is made in a process, which takes
    seconds; large backgrounds that mazes never show are most of it. After this they are left out: mazes look the same,
    but procgen's other games would have a wrong background. So call it where none of them is played, as the command
    ``steered-env`` does, and before the first maze; later it has no effect.
    """
    _Process.mazes_alone = True


def all_images() -> Path:
    """The folder of the pictures of all of procgen's games."""
    return Path(str(resources.files("procgen"))) / "data" / "assets"


@contextmanager
def folder_of_images() -> Iterator[Path]:
    """The folder that procgen shall load its pictures from, there while the ``with`` block runs.

    It holds those of all games, unless this process wants those of mazes alone and has not loaded any: procgen does so
    once.
    """
    begins, _Process.loaded = not _Process.loaded, True
    if not (begins and _Process.mazes_alone):
        yield all_images()
        return
    with TemporaryDirectory(prefix="steered-env-") as temporary:
        folder = Path(temporary)
        try:
            _link(all_images(), folder)
        except OSError:  # a file system or a system without links
            folder = all_images()
        yield folder


def _link(images: Path, folder: Path) -> None:
    for part in os.listdir(images):
        if part not in _BACKGROUNDS_OF_OTHER_GAMES:
            (folder / part).symlink_to(images / part)
            continue
        (folder / part).mkdir()
        for name in os.listdir(images / part):
            (folder / part / name).symlink_to(images / _IN_THEIR_PLACE)
