"""The pictures out of which procgen draws a maze."""

from __future__ import annotations

from .images import all_images

_FILES = {
    "mouse": "kenney/Enemies/mouse_move.png",
    "cheese": "misc_assets/cheese.png",
    "wall": "kenney/Ground/Sand/sandCenter.png",
}
SPRITES = tuple(_FILES)
"""Names of the pictures: the mouse looks to the left."""


def sprite(name: str) -> bytes:
    """Read one of procgen's pictures, as PNG with alpha; one of `SPRITES`.

    Raises:
        ValueError: if it is none of them.
    """
    if name not in _FILES:
        raise ValueError(f"a sprite must be one of {', '.join(SPRITES)}, got {name!r}")
    return (all_images() / _FILES[name]).read_bytes()
