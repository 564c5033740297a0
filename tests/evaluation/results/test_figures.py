"""Figures say what they show, whatever it is called."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver
from matplotlib.text import Text

from evaluation import Results, evaluate, vector_field
from evaluation.reproduction.drawing import distributions, dots, heat_maps, lines, matrix, name_policy, scatter
from evaluation.results import results_figure
from evaluation.results.statistics import Interval
from evaluation.views import fields_figure
from evaluation.views.fields import VectorField
from steered_env import ImpalaPolicy, Maze

LONG = "3*top_right(level=0, layer='embedder.block2.res1.resadd') - 2*cheese(level=1) + random(seed=7)/3 " * 2
NAMES = ["$x^{$", "a$b", "\\$ \\frac $", LONG, "x" * 900, "ключ ü"]


@pytest.fixture(scope="module")
def field(small: ImpalaPolicy) -> VectorField:
    return vector_field(small, Maze.from_level(3))


@pytest.fixture(scope="module")
def results(small: ImpalaPolicy) -> Results:
    return evaluate("small", range(3, 5), horizon=4)


def drawn(figure: Figure) -> FigureCanvasAgg:
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    canvas.print_png(io.BytesIO())
    return canvas


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def overlapping(figure: Figure, shown: list[Text]) -> bool:
    renderer = drawn(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in shown if text.get_text()]
    return any(box.overlaps(other) for number, box in enumerate(boxes) for other in boxes[:number])


def test_fields_under_any_name(field: VectorField) -> None:
    for names in (NAMES[:3], NAMES[3:], [LONG] * 2):
        figure = fields_figure([replace(field, name=name) for name in names], policy="/some/where/mine.safetensors")
        assert "level 3, policy mine.safetensors" in texts(figure)
        titles = [axes.title for axes in figure.axes]
        assert not overlapping(figure, [*titles, figure._suptitle])


def test_rates_under_any_name(results: Results) -> None:
    parts = [results.frame.assign(condition=name) for name in NAMES]
    frame = np.concatenate([part.to_numpy() for part in parts])
    everything = Results(
        results.frame.iloc[:0]
        .reindex(range(len(frame)))
        .assign(**dict(zip(results.frame, frame.T, strict=True)))
        .astype(results.frame.dtypes),
        {**results.description, "conditions": NAMES},
    )
    figure = results_figure(everything)
    assert "policy small, levels 3:5" in texts(figure)
    assert not overlapping(figure, figure.axes[0].get_yticklabels())


def test_figures_of_claims_under_any_name() -> None:
    interval, maze = Interval(0.5, 0.4, 0.6), Maze.from_level(3)
    values = np.zeros((len(NAMES), len(NAMES)))
    for figure in (
        dots({name: dict.fromkeys(NAMES, interval) for name in NAMES[:3]}, "x"),
        lines({name: {0.0: interval, 1.0: interval} for name in NAMES[:3]}, "x", "y"),
        scatter({name: ([0, 1], [0, 1]) for name in NAMES[:3]}, "x", "y"),
        distributions({name: [0.1, 0.2] for name in NAMES[:3]}, "x"),
        matrix(values[:3, :3], NAMES[:3], NAMES[:3], "x", "y"),
        heat_maps(maze, {name: np.zeros((25, 25)) for name in NAMES[:3]}, "x", policy="small"),
    ):
        name_policy(figure, NAMES[0])
        drawn(figure)
    assert "level 3" in texts(figure)


def test_an_arrow_stays_in_its_cell(field: VectorField) -> None:
    has_arrow = np.isfinite(field.arrows[:, :, :1])
    figure = fields_figure([replace(field, arrows=np.where(has_arrow, [1.0, 0.0], np.nan))])
    drawn(figure)
    (arrows,) = (child for child in figure.axes[0].get_children() if isinstance(child, Quiver))
    for path, (x, y) in zip(arrows.get_paths(), arrows.get_offsets(), strict=True):
        corners = np.abs(path.vertices)
        assert corners.max() <= 0.5, (x, y)
