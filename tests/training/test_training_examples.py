from __future__ import annotations

import numpy as np
import pytest

from steered_env import Maze
from steered_env.maze import DIRECTIONS
from steered_env.training import HELD_OUT_LEVELS
from steered_env.training.examples import FIRST_TRAINING_LEVEL, NO_MOVE, TrainingExamples, draw_examples


def dataset(seed: int = 0, batch_size: int = 64, region: int = 5) -> TrainingExamples:
    return TrainingExamples(seed=seed, batch_size=batch_size, per_level=4, cheese_region=region)


def test_a_picture_depends_on_seed_and_index_alone() -> None:
    whole = dataset(batch_size=64)[1]
    parts = [dataset(batch_size=16)[number] for number in range(4, 8)]
    assert np.array_equal(whole.observations, np.concatenate([part.observations for part in parts]))
    assert np.array_equal(whole.cell_moves, np.concatenate([part.cell_moves for part in parts]))
    assert not np.array_equal(whole.observations, dataset(seed=1)[1].observations)


def test_labels_are_the_shortest_way_to_the_cheese() -> None:
    levels = list(range(12))
    examples = draw_examples(levels, [np.random.default_rng(n) for n in levels], per_level=2, cheese_region=5)
    directions = list(DIRECTIONS.values())
    for index, frame in enumerate(examples.observations):
        maze = Maze.from_level(levels[index // 2])
        labels = examples.cell_moves[index]
        open_without_label = [tuple(c) for c in np.argwhere(~maze.walls & (labels == NO_MOVE)).tolist()]
        assert len(open_without_label) == 1  # the cheese's own cell
        cheese = open_without_label[0]
        assert maze.top_right_region(5)[cheese]
        assert (labels[maze.walls] == NO_MOVE).all()
        if cheese != maze.start:
            scene = maze.without_cheese() if cheese == maze.mouse else maze.with_cheese(cheese)
            for cell in [tuple(c) for c in np.argwhere(labels != NO_MOVE).tolist()][::7]:
                step = directions[labels[cell]]
                assert scene.path(cell, cheese)[1] == (cell[0] + step[0], cell[1] + step[1])
        where = {
            mouse
            for mouse in [tuple(c) for c in np.argwhere(labels != NO_MOVE).tolist()]
            for facing in (False, True)
            if np.array_equal(maze.without_cheese().with_mouse(mouse, facing).with_cheese(cheese).observe(), frame)
        }
        assert len(where) == 1  # the frame shows one mouse, and it is where the label says
        mouse = where.pop()
        assert tuple(examples.mice[index]) == mouse
        assert examples.moves[index] == labels[mouse]
        assert examples.distances[index] == len(maze.path(mouse, cheese)) - 1
        assert examples.sizes[index] == maze.size


def test_training_and_evaluation_levels_are_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    plain = Maze.from_levels
    monkeypatch.setattr(Maze, "from_levels", lambda levels: seen.extend(levels) or plain(levels))
    dataset()[0]
    assert len(seen) == 16
    assert min(seen) >= FIRST_TRAINING_LEVEL == 10_000_000 > max(HELD_OUT_LEVELS)
