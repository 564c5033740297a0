from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steered_env import Maze

DRAWN = """
..C
.#.
>#.
"""


def test_round_trip_of_levels_and_edits(mazes: list[Maze]) -> None:
    for maze in mazes:
        for edited in (maze, maze.without_cheese(), maze.with_top_right_path(), maze.with_mouse(maze.mouse, True)):
            again = Maze.from_text(str(edited))
            assert again == edited
            assert np.array_equal(again.observe(), edited.observe())


def test_drawn_by_hand() -> None:
    maze = Maze.from_text(DRAWN)
    assert (maze.size, maze.level, maze.mouse, maze.cheese, maze.facing_right) == (3, None, (11, 11), (13, 13), True)
    level_0 = Maze.from_level(0)
    assert (maze.background, maze.background_offset) == (level_0.background, level_0.background_offset)
    assert Maze.from_text(str(maze)) == maze
    themed = Maze.from_text("level=2\n" + DRAWN.strip())
    assert themed.background_offset == Maze.from_level(2).background_offset


def test_a_cheese_out_of_reach_is_read_with_a_warning() -> None:
    maze = Maze.from_text(DRAWN)
    walled = maze.with_walls([maze.path(maze.mouse, maze.cheese)[1]])  # an edit may
    with pytest.warns(UserWarning, match=r"\(11, 11\) .* \(13, 13\)"):
        assert Maze.from_text(str(walled)) == walled
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Maze.from_text(str(walled.without_cheese())) == walled.without_cheese()
        assert Maze.from_text(str(maze)) == maze


@pytest.mark.filterwarnings("ignore:no path joins the mouse")
@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.data())
def test_round_trip_of_any_maze(data: st.DataObject) -> None:
    size = data.draw(st.sampled_from(range(3, 26, 2)))
    seed = data.draw(st.integers(0, 2**32 - 1))
    generator = np.random.default_rng(seed)
    drawing = np.where(generator.random((size, size)) < 0.4, "#", ".")
    places = generator.choice(size * size, 2, replace=False)
    drawing.flat[places[0]] = "<>"[seed % 2]
    if seed % 3:
        drawing.flat[places[1]] = "C"
    text = "\n".join("".join(row) for row in drawing)
    maze = Maze.from_text(text)
    assert Maze.from_text(str(maze)) == maze
    assert str(maze).splitlines()[1:] == text.splitlines()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "odd and 3 to 25, got 0 lines"),
        ("..\n.>", "got 2 lines"),
        ("\n".join(["." * 27] * 26 + [">" + "." * 26]), "got 27 lines"),
        ("...\n..\n>..", "row 2 of a text maze of 3 rows must have 3 signs, got 2"),
        ("...\n...\n...", "needs a mouse"),
        (">..\n...\n..<", r"at most one mouse.*got 2: at \(11, 13\) and \(13, 11\)"),
        ("C.C\n...\n>..", "at most one cheese"),
        ("..x\n...\n>..", "unknown sign 'x'"),
        ("level=-1\n..C\n...\n>..", "level must be ≥ 0, got -1"),
        ("theme=3\n..C\n...\n>..", "may say level=… and size=…, got 'theme=3'"),
        ("size=5\n..C\n...\n>..", "must be 5 or 25 lines high, got 3"),
        ("size=4\n..C\n...\n>..", "size must be odd"),
    ],
)
def test_bad_texts_say_why(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Maze.from_text(text)


def test_no_text() -> None:
    with pytest.raises(TypeError, match=r"must be a str, as str\(maze\) writes it, got NoneType"):
        Maze.from_text(None)  # type: ignore[arg-type]
