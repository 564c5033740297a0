"""A figure that a notebook shows."""

from __future__ import annotations

from matplotlib.figure import Figure

from .figure_files import png_of


class ShownFigure(Figure):
    """A figure that a notebook shows by itself, also where nothing has imported pyplot."""

    def _repr_png_(self) -> bytes:
        return png_of(self)
