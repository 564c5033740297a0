from __future__ import annotations

import networkx
import numpy as np

from steered_env import Maze
from steered_env.maze import paths
from steered_env.maze.paths import NOWHERE, next_cells, next_cells_in_all, reachable


def grid_graph(maze: Maze) -> networkx.Graph:
    graph = networkx.grid_2d_graph(25, 25)
    graph.remove_nodes_from([tuple(cell) for cell in np.argwhere(maze.walls).tolist()])
    return graph


def test_paths_are_as_short_as_networkx_finds_them(mazes: list[Maze]) -> None:
    for maze in [*mazes[:20], mazes[0].with_open([(r, c) for r in range(6, 19) for c in (9, 13)])]:
        distances = networkx.single_source_shortest_path_length(grid_graph(maze), maze.start)
        for goal in list(distances)[:: max(1, len(distances) // 15)]:
            path = maze.path(maze.start, goal)
            assert (path[0], path[-1], len(path) - 1) == (maze.start, goal, distances[goal])
            steps = np.abs(np.diff(np.array(path), axis=0)).sum(axis=1)
            assert (steps == 1).all()
            assert not any(maze.walls[cell] for cell in path)


def test_next_cells_lead_to_the_goal_everywhere(mazes: list[Maze]) -> None:
    for maze in mazes[:20]:
        goal = maze.corner
        distances = networkx.single_source_shortest_path_length(grid_graph(maze), goal)
        following = next_cells(maze.walls, goal)
        for cell, distance in distances.items():
            if cell == goal:
                assert following[cell] == NOWHERE
            else:
                assert distances[divmod(int(following[cell]), 25)] == distance - 1
        assert (following != NOWHERE).sum() == len(distances) - 1


def test_many_mazes_at_once_are_each_as_alone(mazes: list[Maze]) -> None:
    chosen = [*mazes[:30], mazes[0].with_open([(r, c) for r in range(6, 19) for c in (9, 13)])]
    together = next_cells_in_all(np.stack([m.walls for m in chosen]), [m.corner for m in chosen])
    for maze, following in zip(chosen, together, strict=True):
        assert np.array_equal(following, next_cells(maze.walls, maze.corner))


def test_reachable(mazes: list[Maze]) -> None:
    island = mazes[0].with_open([(0, 0), (0, 1)])
    assert reachable(island.walls, (0, 0)).sum() == 2
    assert reachable(island.walls, island.mouse).sum() == (~mazes[0].walls).sum()


def test_decision_square_is_none_without_two_ways(mazes: list[Maze]) -> None:
    maze = mazes[0]
    assert maze.without_cheese().decision_square is None
    assert maze.with_cheese(maze.path(maze.start, maze.corner)[5]).decision_square is None
    assert maze.with_open([(0, 0)]).with_cheese((0, 0)).decision_square is None  # no way there


def test_distances_are_as_networkx_finds_them(mazes: list[Maze]) -> None:
    for maze in mazes[:10]:
        expected = networkx.single_source_shortest_path_length(grid_graph(maze), maze.corner)
        found = paths.distances(maze.walls, maze.corner)
        assert {cell: found[cell] for cell in expected} == expected
        assert np.isinf(found).sum() == found.size - len(expected)
