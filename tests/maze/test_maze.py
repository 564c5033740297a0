from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from steered_env import Maze


def test_observations_show_the_edits(mazes: list[Maze]) -> None:
    maze = mazes[0]
    observations = [
        maze.observe(),
        maze.without_cheese().observe(),
        maze.with_top_right_path().observe(),
        maze.with_mouse(maze.start, facing_right=True).observe(),
    ]
    assert len({observation.tobytes() for observation in observations}) == 4
    assert maze.render().shape == (512, 512, 3)
    assert maze.render().dtype == maze.observe().dtype == np.uint8


def test_edits_leave_the_original_alone(mazes: list[Maze]) -> None:
    maze = mazes[0]
    before = str(maze)
    maze.without_cheese(), maze.with_top_right_path(), maze.with_mouse((6, 7)), maze.with_cheese((6, 8))
    maze.with_open([(0, 0)]), maze.with_walls([(18, 18)])
    assert str(maze) == before == str(Maze.from_level(0))
    with pytest.raises(AttributeError):
        maze.cheese = None  # type: ignore[misc]


def test_generated_mazes(mazes: list[Maze], reference_rates: pd.DataFrame) -> None:
    rows = reference_rates.drop_duplicates("level").set_index("level")
    for level, maze in enumerate(mazes):
        assert maze.level == level
        assert maze.size == rows.loc[level, "size"]
        assert maze.mouse == maze.start
        assert not maze.walls[maze.start]
        assert not maze.walls[maze.corner]
        square = rows.loc[level, ["decision_row", "decision_col"]]
        expected = None if square.isna().any() else tuple(square.astype(int))
        assert maze.decision_square == expected


def test_top_right_path(mazes: list[Maze]) -> None:
    maze = mazes[0]
    carved = maze.with_top_right_path()
    opened = {tuple(cell) for cell in np.argwhere(maze.walls & ~carved.walls).tolist()}
    assert opened == {(row, 18) for row in range(19, 25)} | {(24, col) for col in range(19, 25)}
    assert (carved.mouse, carved.cheese, carved.size) == (maze.mouse, maze.cheese, maze.size)
    largest = next(m for m in mazes if m.size == 25)
    assert largest.with_top_right_path() == largest


def test_equality_hash_and_pickle(mazes: list[Maze]) -> None:
    again = Maze.from_level(5)
    assert again == mazes[5] != mazes[6]
    assert len({again, mazes[5], mazes[6]}) == 2
    for copied in (pickle.loads(pickle.dumps(again)), copy.deepcopy(again), copy.copy(again)):
        assert copied == again
        assert not copied.walls.flags.writeable
    assert again != "a maze"
    assert again.with_mouse(again.mouse, facing_right=True) != again


def test_shown_in_a_notebook_and_as_a_word(mazes: list[Maze]) -> None:
    assert mazes[0]._repr_png_().startswith(b"\x89PNG")
    assert "data:image/png;base64," in mazes[0]._repr_html_()
    assert repr(mazes[0]) == "<Maze level=0 size=13 mouse=(6, 6) facing=left cheese=(11, 6)>"


def test_top_right_region(mazes: list[Maze]) -> None:
    maze = mazes[0]
    assert maze.top_right_region().sum() == 25
    assert {tuple(c) for c in np.argwhere(maze.top_right_region(1))} == {maze.corner}
    assert mazes[1].top_right_region(5).sum() == 9  # clipped to a maze of size 3
    with pytest.raises(ValueError, match="must be ≥ 1, got 0"):
        maze.top_right_region(0)


@pytest.mark.parametrize(
    ("edit", "error", "message"),
    [
        (lambda m: m.with_cheese(None), TypeError, r"cheese must be a cell \(row, col\), got None"),
        (lambda m: m.with_cheese((0, 0)), ValueError, r"cheese must be in an open cell, but \(0, 0\) is a wall"),
        (lambda m: m.with_cheese(m.mouse), ValueError, "cannot share cell"),
        (lambda m: m.with_walls([m.mouse]), ValueError, "mouse must be in an open cell"),
        (lambda m: m.with_mouse((6.0, 6)), TypeError, "whole number, got 6.0"),
        (lambda m: m.path((0, 0), m.mouse), ValueError, "first cell must be in an open cell"),
        (lambda m: m.with_open([(0, 0)]).path((0, 0), m.mouse), ValueError, "no path joins"),
    ],
)
def test_impossible_edits_say_why(edit: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        edit(Maze.from_level(0))  # type: ignore[operator]
