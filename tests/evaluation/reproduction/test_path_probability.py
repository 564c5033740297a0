from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from evaluation.measuring.shared_forward import SharedForward
from evaluation.reproduction.path_probability import PathTree, retargeted, with_cheese_there
from steered_env import ImpalaPolicy, Maze
from steered_env.steering import setting

CORNERED = Maze.from_text("""
#C#
#.#
>..
""")


def test_the_geometric_mean_of_the_moves_on_the_way_by_hand() -> None:
    start = CORNERED.mouse
    right, up = (start[0], start[1] + 1), (start[0] + 1, start[1] + 1)
    tree = PathTree.of(CORNERED, [start, right, up])
    actions = np.zeros((len(tree.observations), 15), np.float32)
    actions[tree.places[start], [6, 7, 8]] = [0.1, 0.2, 0.2]  # right: 0.5 in all
    actions[tree.places[right], 5] = 0.125  # up
    assert tree.probability(start, actions) == 1
    assert tree.probability(right, actions) == pytest.approx(0.5)
    assert tree.probability(up, actions) == pytest.approx(0.25)


def test_the_observations_show_the_mouse_facing_as_it_came(mazes: list[Maze]) -> None:
    maze = mazes[2]
    assert maze.cheese is not None
    tree = PathTree.of(maze, [maze.cheese])
    facing = maze.facing_right
    path = maze.path(maze.mouse, maze.cheese)
    for here, next_cell in pairwise(path):
        assert np.array_equal(tree.observations[tree.places[here]], maze.with_mouse(here, facing).observe())
        facing = facing if next_cell[1] == here[1] else next_cell[1] > here[1]


def test_a_path_over_the_cheese_is_refused() -> None:
    maze = Maze.from_text("###\n###\n>C.\n")
    with pytest.raises(ValueError, match="cannot share cell"):
        PathTree.of(maze, [(maze.mouse[0], maze.mouse[1] + 2)])


def test_an_edit_that_changes_nothing_retargets_nothing(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    forward, maze = SharedForward(small), mazes[2]
    targets = [maze.path(maze.mouse, maze.corner)[step] for step in (1, 4)]
    before, after = retargeted(forward, maze, {target: small_change(target, 0.0) for target in targets})
    strong, changed = retargeted(forward, maze, {target: small_change(target, 50.0) for target in targets})
    assert before == strong
    assert all(0 < probability < 1 + 1e-6 for probability in before.values())  # float32 sums may round up
    assert changed != pytest.approx(before, abs=1e-3)
    assert after.keys() == before.keys()
    moved = with_cheese_there(forward, maze, targets[1:])
    assert moved[targets[1]] > 0.5  # a trained mouse goes to a cheese four steps away


def small_change(target: tuple[int, int], value: float) -> object:
    return setting(value, target, channels=[0])
