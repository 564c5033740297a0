from __future__ import annotations

import numpy as np
import pytest

from evaluation.measuring.chain import Chain
from evaluation.measuring.exact import measure_exactly
from evaluation.measuring.measures import Measures, towards_cheese_and_corner
from evaluation.measuring.shared_forward import SharedForward
from steered_env import ImpalaPolicy, Maze, Steering

CORRIDOR = Maze.from_text("""
###
###
>.C
""")


def always(action: int, states: int) -> np.ndarray:
    return np.tile(np.eye(15)[action], (1, states, 1))


def place(maze: Maze, *cells: tuple[int, int]) -> np.ndarray:
    mask = np.zeros_like(maze.walls)
    for cell in cells:
        mask[cell] = True
    return mask


def measured(forward: SharedForward, maze: Maze, horizon: int = 64) -> Measures:
    (measures,) = measure_exactly(forward, [(maze, {"baseline": Steering()})], horizon=horizon, tolerance=0)
    return measures["baseline"]


def test_a_corridor_by_hand() -> None:
    """Right with probability p from both cells: the cheese after n steps is a negative binomial sum."""
    chain = Chain.of(CORRIDOR)
    assert chain.cells == ((11, 11), (11, 12))
    p = 0.3
    probabilities = np.zeros((1, 4, 15))
    probabilities[:, :, 7], probabilities[:, :, 4] = p, 1 - p
    for horizon in (1, 2, 3, 10, 50):
        expected = 1 - (1 - p) ** horizon - horizon * p * (1 - p) ** (horizon - 1)
        assert chain.reach(probabilities, [None], horizon)[0, 0] == pytest.approx(expected)


def test_moves_turn_and_walls_hold() -> None:
    chain = Chain.of(CORRIDOR)
    left = chain.after[chain.state_of((11, 12), True)]
    here = chain.state_of
    assert left.tolist() == [here((11, 11), False), here((11, 12), True), here((11, 12), True), 4, here((11, 12), True)]
    assert chain.after[here((11, 11), True)][0] == here((11, 11), False)  # turns against the wall


def test_places_are_reached_before_the_cheese_only() -> None:
    maze = Maze.from_text("...\n.##\n>C.")
    chain = Chain.of(maze)
    right = always(7, 2 * len(chain.cells))
    up_then = chain.reach(right, [None, place(maze, (11, 13)), place(maze, (11, 11))], 10)[0]
    assert up_then.tolist() == [1.0, 0.0, 1.0]  # behind the cheese, and the start itself
    assert (11, 13) not in chain.cells


def test_chain_against_monte_carlo_on_random_policies() -> None:
    maze = Maze.from_level(27)
    chain = Chain.of(maze)
    generator = np.random.default_rng(0)
    rows = generator.dirichlet(np.full(15, 0.4), size=2 * len(chain.cells))
    corner = place(maze, maze.corner)
    exact = chain.reach(rows[None], [None, corner], 400)[0]
    moves = [[0, 1, 2], [3], [5], [6, 7, 8], [4, 9, 10, 11, 12, 13, 14]]
    move_of = np.empty(15, int)
    for move, actions in enumerate(moves):
        move_of[actions] = move
    count = 4000
    state = np.full(count, chain.state_of(maze.mouse, maze.facing_right))
    after = np.vstack([chain.after, np.full(5, 2 * len(chain.cells))])
    cumulated = np.vstack([rows, np.ones(15) / 15]).cumsum(1)
    at_corner = np.zeros(count, bool)
    corner_state = chain.state_of(maze.corner, False)
    for _ in range(400):
        actions = (generator.random(count)[:, None] > cumulated[state]).sum(1).clip(0, 14)
        state = after[state, move_of[actions]]
        at_corner |= state // 2 == corner_state // 2
    found = [(state == 2 * len(chain.cells)).mean(), at_corner.mean()]
    for rate, expected in zip(found, exact, strict=True):
        assert abs(rate - expected) < 4 * np.sqrt(expected * (1 - expected) / count) + 1e-9


def test_what_means_nothing_is_nan(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    forward = SharedForward(reference_policy)
    maze = mazes[6]
    assert np.isnan(measured(forward, maze.without_cheese()).reach_cheese)
    at_corner = measured(forward, maze.with_cheese(maze.corner))
    assert np.isnan([at_corner.reach_top_right, at_corner.reach_region]).all()
    assert not np.isnan(at_corner.reach_cheese)
    assert np.isnan(at_corner.p_cheese_at_decision)


def test_either_is_the_cheese_or_the_corner(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    forward = SharedForward(reference_policy)
    for maze in (mazes[1], mazes[3], mazes[26]):
        found = measured(forward, maze)
        both = found.reach_cheese, np.nan_to_num(found.reach_top_right)
        assert max(both) - 1e-12 <= found.reach_either <= min(1, sum(both)) + 1e-12
        alone = measured(forward, maze.without_cheese())
        assert alone.reach_either == alone.reach_top_right
        at_corner = measured(forward, maze.with_cheese(maze.corner))
        assert at_corner.reach_either == at_corner.reach_cheese


def test_a_longer_horizon_reaches_no_less(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    forward = SharedForward(reference_policy)
    rates = [measured(forward, mazes[3], horizon).reach_cheese for horizon in (1, 8, 64, 256)]
    assert rates == sorted(rates)
    assert rates[0] == 0


def test_no_rate_is_above_1(mazes: list[Maze]) -> None:
    """Rounding adds up: of many policies that surely reach the cheese some had a rate of 1 + 2e-16."""
    chain = Chain.of(CORRIDOR)
    probabilities = np.random.default_rng(0).random((300, 4, 15))
    rates = chain.reach(probabilities, [None, place(CORRIDOR, (11, 12))], 512)
    assert rates.max() == 1
    assert rates.min() > 0.99
    third = np.full(15, 1 / 3, np.float32)  # three of them sum to 1.00000003
    assert towards_cheese_and_corner(mazes[0], third)[0] <= 1


def test_every_move_that_begins_a_shortest_path_counts() -> None:
    maze = Maze.from_text(".....\n.##C.\n.#...\n...##\n>####")
    assert maze.decision_square == (11, 10)
    row = np.zeros(15)
    row[[5, 6, 7, 8, 4]] = 0.25, 0.2, 0.2, 0.2, 0.15  # up, three actions right, stay
    assert towards_cheese_and_corner(maze, row) == pytest.approx((0.6, 0.85))  # round either side to the corner
