"""Shortest paths between the open cells of a maze."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, dijkstra

from .moves import ACTIONS_OF, after_all

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from steered_env.simulator import Cell

NOWHERE = -1
"""Marks a cell from which there is no way."""

_ONE_OF_EACH_MOVE = tuple(actions[0] for actions in ACTIONS_OF.values())


def _edges(walls: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Both ends of every edge between neighbouring open cells, each edge in both directions.

    ``walls`` is ``(B, H, W)``; a cell's index counts through all mazes, row by row.
    """
    is_open = ~walls
    index = np.arange(walls.size).reshape(walls.shape)
    beside, above = is_open[:, :, :-1] & is_open[:, :, 1:], is_open[:, :-1] & is_open[:, 1:]
    first = np.concatenate([index[:, :, :-1][beside], index[:, :-1][above]])
    second = np.concatenate([index[:, :, 1:][beside], index[:, 1:][above]])
    return np.concatenate([first, second]), np.concatenate([second, first])


def next_cells_in_all(walls: NDArray[np.bool_], goals: Sequence[Cell]) -> NDArray[np.int32]:
    """Find, for every cell of every maze, the next cell of a shortest path to that maze's goal.

    One breadth-first search (scipy's) answers for all cells of all mazes at once: it starts from a node that
    leads to every goal. Where several paths are equally short, which can only be in an edited maze, always
    the same one is chosen, whatever the other mazes are; `first_steps` names all of them.

    Args:
        walls: ``(B, H, W)`` bool.
        goals: An open cell of each maze.

    Returns:
        ``(B, H, W)`` int32: the index ``row * W + col`` of the next cell; `NOWHERE` at the goal itself and
        where no path leads to it.
    """
    root, cells = walls.size, walls[0].size
    firsts, seconds = _edges(walls)
    places = np.array([row * walls.shape[2] + col for row, col in goals])
    roots = np.arange(len(goals)) * cells + places
    ends = (np.concatenate([firsts, np.full(len(goals), root)]), np.concatenate([seconds, roots]))
    graph = csr_array((np.ones(len(ends[0]), np.int8), ends), shape=(root + 1, root + 1))
    order, before = breadth_first_order(graph, root, directed=True)
    result = np.full(walls.size, NOWHERE, np.int32)
    joined = order[1:][before[order[1:]] != root]
    result[joined] = before[joined] % cells
    return result.reshape(walls.shape)


def next_cells(walls: NDArray[np.bool_], goal: Cell) -> NDArray[np.int32]:
    """`next_cells_in_all` for one maze: ``(H, W)`` bool to ``(H, W)`` int32."""
    following: NDArray[np.int32] = next_cells_in_all(walls[None], [goal])[0]
    return following


def distances(walls: NDArray[np.bool_], goal: Cell) -> NDArray[np.float32]:
    """Steps of a shortest path from every cell to the goal.

    Args:
        walls: ``(H, W)`` bool.
        goal: An open cell.

    Returns:
        ``(H, W)`` float32: 0 at the goal; infinity where no path leads to it.
    """
    firsts, seconds = _edges(walls[None])
    graph = csr_array((np.ones(len(firsts)), (firsts, seconds)), shape=(walls.size, walls.size))
    steps = dijkstra(graph, directed=True, unweighted=True, indices=[goal[0] * walls.shape[1] + goal[1]])
    result: NDArray[np.float32] = steps[0].reshape(walls.shape).astype(np.float32)
    return result


def shortest_path(walls: NDArray[np.bool_], start: Cell, goal: Cell) -> list[Cell] | None:
    """The cells of a shortest path, both ends included; None if no path leads there."""
    if walls[start] or walls[goal]:
        return None
    following = next_cells(walls, goal).ravel()
    here, end = start[0] * walls.shape[1] + start[1], goal[0] * walls.shape[1] + goal[1]
    path = [here]
    while here != end:
        here = int(following[here])
        if here == NOWHERE:
            return None
        path.append(here)
    return [divmod(cell, walls.shape[1]) for cell in path]


def first_steps(walls: NDArray[np.bool_], start: Cell, goal: Cell) -> list[Cell]:
    """The cells beside ``start`` with which a shortest path to the goal begins.

    Returns:
        One cell in a maze without loops, up to four in others; none if start and goal are one cell, or no path
        joins them.
    """
    if walls[start] or walls[goal]:
        return []
    steps = distances(walls, goal)
    if not np.isfinite(steps[start]):
        return []
    return [cell for cell in _beside(walls, start) if steps[cell] == steps[start] - 1]


def on_all_shortest_paths(walls: NDArray[np.bool_], start: Cell, goal: Cell) -> list[Cell]:
    """The cells that every shortest path crosses, from ``start`` to the goal; empty if no path joins the two.

    A cell lies on a shortest path if its distances to both ends add up to the path's length, and every such path
    has one cell at each distance from the start: where there is only one such cell, all of them cross it.
    """
    if walls[start] or walls[goal]:
        return []
    walked = distances(walls, start)
    length = walked[goal]
    if not np.isfinite(length):
        return []
    crossed = np.argwhere(walked + distances(walls, goal) == length)
    steps = walked[crossed[:, 0], crossed[:, 1]].astype(np.intp)
    alone = np.bincount(steps)[steps] == 1
    in_order = crossed[alone][np.argsort(steps[alone])]
    return [(int(row), int(col)) for row, col in in_order]


def _beside(walls: NDArray[np.bool_], cell: Cell) -> list[Cell]:
    """The open cells next to a cell."""
    mice = np.array([cell] * len(_ONE_OF_EACH_MOVE))
    reached, _ = after_all(walls, mice, np.zeros(len(mice), np.bool_), _ONE_OF_EACH_MOVE)
    return [(row, col) for row, col in reached.tolist() if (row, col) != cell]


def reachable(walls: NDArray[np.bool_], start: Cell) -> NDArray[np.bool_]:
    """``(H, W)`` bool: the open cells that a path joins to ``start``, itself included."""
    result: NDArray[np.bool_] = next_cells(walls, start) != NOWHERE
    result[start] = True
    return result
