from __future__ import annotations

import numpy as np
import pytest

from steered_env import Maze
from steered_env.maze import actions_between, after, after_all, mouse_of, state_of, transitions
from steered_env.simulator import MazeBatch, MazeState


def test_moves_are_procgens(mazes: list[Maze]) -> None:
    generator = np.random.default_rng(0)
    edited = [mazes[0].with_top_right_path().without_cheese().with_mouse((24, 24)), mazes[17].without_cheese()]
    for start in [maze.without_cheese() for maze in mazes[:12]] + edited:
        batch, maze = MazeBatch(1), start
        batch.write(0, maze)
        for action in generator.integers(0, 15, 150):
            batch.step(np.array([action]))
            mouse, facing_right = after(maze.walls, maze.mouse, maze.facing_right, int(action))
            maze = maze.with_mouse(mouse, facing_right)
            seen = MazeState.decode(batch.read(0))
            assert (seen.mouse, seen.facing_right) == (mouse, facing_right)
        assert np.array_equal(batch.observations[0], maze.observe())


def test_actions_between_neighbours() -> None:
    assert actions_between((3, 3), (3, 2)) == (0, 1, 2)
    assert actions_between((3, 3), (2, 3)) == (3,)
    assert actions_between((3, 3), (4, 3)) == (5,)
    assert actions_between((3, 3), (3, 4)) == (6, 7, 8)
    with pytest.raises(ValueError, match="not neighbouring"):
        actions_between((3, 3), (4, 4))


def test_a_table_of_moves_is_the_rule_in_every_state(mazes: list[Maze]) -> None:
    walls = mazes[0].with_top_right_path().walls
    table = transitions(walls)
    for state in range(0, table.shape[1], 7):
        mouse, facing_right = mouse_of(state)
        assert state_of(mouse, facing_right) == state
        cells, facings = after_all(walls, np.array([mouse] * 15), np.array([facing_right] * 15), range(15))
        expected = [state_of((row, col), right) for (row, col), right in zip(cells.tolist(), facings, strict=True)]
        assert table[:, state].tolist() == expected
