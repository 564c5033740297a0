from __future__ import annotations

import networkx
import numpy as np
import pytest

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


def looped(seed: int) -> Maze:
    """A maze of 7×7 cells, most of them open, and a way from their corner to the maze's own; the cheese anywhere."""
    generator = np.random.default_rng(seed)
    maze = (
        Maze.from_level(0)
        .without_cheese()
        .with_walls([(r, c) for r in range(25) for c in range(25) if (r, c) != (6, 6)])
    )
    inner = [(row, col) for row in range(6, 13) for col in range(6, 13) if (row, col) != maze.start]
    is_open = [cell for cell in inner if generator.random() < 0.7]
    way_out = [(12, col) for col in range(12, 19)] + [(row, 18) for row in range(12, 19)]
    return maze.with_open(is_open + way_out).with_cheese(is_open[generator.integers(len(is_open))])


def test_in_mazes_with_loops_all_shortest_paths_count() -> None:
    squares, both_ways = 0, 0
    for maze in map(looped, range(60)):
        graph = grid_graph(maze)
        crossed = []
        for goal in (maze.cheese, maze.corner):
            if goal is None or not networkx.has_path(graph, maze.start, goal):
                crossed.append([])
                continue
            ways = [list(way) for way in networkx.all_shortest_paths(graph, maze.start, goal)]
            assert set(maze.next_cells(maze.start, goal)) == {way[1] for way in ways}
            crossed.append([cell for cell in ways[0] if all(cell in way for way in ways)])
            both_ways += len({way[1] for way in ways}) > 1
        shared = [cell for cell in crossed[0] if cell in crossed[1]]
        expected = shared[-1] if shared and shared[-1] not in (maze.cheese, maze.corner) else None
        assert maze.decision_square == expected
        squares += expected is not None
    assert squares > 10
    assert both_ways > 10


def test_without_loops_there_is_one_next_cell(mazes: list[Maze]) -> None:
    for maze in mazes[:20]:
        assert maze.next_cells(maze.start, maze.corner) == [maze.path(maze.start, maze.corner)[1]]
    assert maze.next_cells(maze.start, maze.start) == []
    with pytest.raises(ValueError, match=r"no path joins \(0, 0\)"):
        mazes[0].with_open([(0, 0)]).next_cells((0, 0), mazes[0].start)


def test_distances_are_as_networkx_finds_them(mazes: list[Maze]) -> None:
    for maze in mazes[:10]:
        expected = networkx.single_source_shortest_path_length(grid_graph(maze), maze.corner)
        steps = paths.distances(maze.walls, maze.corner)
        assert {cell: steps[cell] for cell in expected} == expected
        assert np.isinf(steps).sum() == steps.size - len(expected)
