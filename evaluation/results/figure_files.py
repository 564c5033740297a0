"""Figures as files, and as the picture of a notebook's cell."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from steered_env.system import atomic_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = 256
_DOTS_PER_INCH, _DOTS_PER_INCH_IN_A_NOTEBOOK = 150, 80


def save_figure(figure: Figure, *paths: Path) -> None:
    """Write a figure to files, each whole or not at all; the suffix names the format.

    A PNG has 256 colours, which no eye tells from more here, and a fraction of the size.
    """
    figure.draw_without_rendering()  # the first layout does not know yet how high titles of many lines are
    for path in paths:
        with atomic_file(path) as temporary:
            figure.savefig(temporary, dpi=_DOTS_PER_INCH)
            if path.suffix == ".png":
                _reduce_colours(temporary)


def _reduce_colours(png: Path) -> None:
    with Image.open(png) as opened:
        reduced = opened.convert("RGB").quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    reduced.save(png, "PNG", optimize=True)


def png_of(figure: Figure) -> bytes:
    """A figure as PNG, of the size that a notebook shows well."""
    with io.BytesIO() as file:
        figure.draw_without_rendering()
        figure.savefig(file, format="png", dpi=_DOTS_PER_INCH_IN_A_NOTEBOOK)
        return file.getvalue()
