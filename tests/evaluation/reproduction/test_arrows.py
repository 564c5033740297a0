from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation import vector_field
from evaluation.reproduction.arrows import share_towards_cheese
from evaluation.views.fields import VectorField
from steered_env import ImpalaPolicy, Maze

FORK = Maze.from_text("""
C....
##.##
##.##
##.##
>....
""")


def pointing(field: VectorField, goal: tuple[int, int]) -> VectorField:
    """Every arrow one cell long toward a goal."""
    arrows = np.full_like(field.arrows, np.nan)
    for row, col in np.argwhere(np.isfinite(field.arrows[:, :, 0])).tolist():
        path = field.maze.path((row, col), goal)
        arrows[row, col] = (path[1][1] - col, path[1][0] - row) if len(path) > 1 else (0, 0)
    return replace(field, arrows=arrows)


def test_arrows_that_all_point_one_way(small: ImpalaPolicy) -> None:
    field = vector_field(small, FORK)
    assert FORK.cheese is not None
    to_cheese, to_corner = pointing(field, FORK.cheese), pointing(field, FORK.corner)
    assert share_towards_cheese(to_cheese, to_corner) == (1.0, 0.0)
    still = replace(field, arrows=np.where(np.isnan(field.arrows), np.nan, 0.0))
    assert share_towards_cheese(still, to_cheese) == (0.0, 1.0)
    # the ways part in the top row alone: at the fork, left of it and right of it
    half = replace(to_corner, arrows=to_corner.arrows.copy())
    top, fork = FORK.cheese[0], FORK.cheese[1] + 2
    half.arrows[top, fork] = to_cheese.arrows[top, fork]
    assert share_towards_cheese(half, to_corner)[0] == pytest.approx(1 / 4)


def test_no_cell_to_count(small: ImpalaPolicy) -> None:
    maze = Maze.from_text("###\n###\n>.C\n")
    field = vector_field(small, maze.without_cheese())
    assert np.isnan(share_towards_cheese(field, field)).all()
