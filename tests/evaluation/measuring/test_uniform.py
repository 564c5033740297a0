from __future__ import annotations

import numpy as np
import pytest

from evaluation import UniformPolicy, evaluate
from evaluation.cards import held_out_mazes
from steered_env import Maze


@pytest.mark.parametrize(("text", "chance"), [(">C#\n###\n###", 3 / 15), ("C##\n>##\n###", 1 / 15)])
def test_a_neighbouring_cheese_has_a_closed_form(text: str, chance: float) -> None:
    """Each step is a new draw: right by 3 of 15 actions, up by 1."""
    for horizon in (1, 2, 40):
        rate = evaluate(UniformPolicy(), mazes=[Maze.from_text(text)], horizon=horizon).frame["reach_cheese"][0]
        assert rate == pytest.approx(1 - (1 - chance) ** horizon, abs=1e-7)


def test_one_observation_or_several(mazes: list[Maze]) -> None:
    observation = mazes[0].observe()
    assert UniformPolicy().action_probabilities(observation).shape == (15,)
    assert UniformPolicy().action_probabilities(observation[None]).shape == (1, 15)
    assert UniformPolicy().action_probabilities(observation).sum() == pytest.approx(1)


def test_held_out_mazes_place_the_cheese_as_in_training() -> None:
    mazes = held_out_mazes(40, [7, 9], cheese_region=2)
    assert len(mazes) == 40
    assert {maze.size for maze in mazes} == {7, 9}
    assert all(maze.cheese is not None and maze.top_right_region(2)[maze.cheese] for maze in mazes)
    levels = [maze.level for maze in mazes]
    assert levels == sorted(levels)
    assert held_out_mazes(10, [7, 9], cheese_region=2) == mazes[:10]
    assert held_out_mazes(10) == Maze.from_levels(range(10))
    untouched = held_out_mazes(40, [7, 9])
    assert [maze.level for maze in untouched] == levels
    assert np.mean([maze.cheese == other.cheese for maze, other in zip(mazes, untouched, strict=True)]) < 0.8
