"""Exact rates from the states that matter, held against those from all states."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from evaluation import UniformPolicy, evaluate
from evaluation.measuring import SharedForward
from evaluation.measuring.chain import Chain, move_probabilities
from evaluation.measuring.exploration import Exploration
from steered_env import ImpalaPolicy, Maze, Steering, cheese_vector, load_policy

CONDITIONS = ["baseline", "-cheese", "top_right", "top_right - cheese", "-random"]
RATES = ["reach_cheese", "reach_top_right", "reach_region", "reach_either"]
SMALL_LEVELS = [3, 26]  # sizes 5 and 7, each with a decision square


def with_loops(maze: Maze) -> Maze:
    rows, cols = (slice(maze.start[axis], maze.corner[axis] + 1) for axis in (0, 1))
    walls = np.zeros_like(maze.walls)
    walls[rows, cols] = maze.walls[rows, cols]
    return maze.with_open([(int(row), int(col)) for row, col in np.argwhere(walls)[::3]])


def assert_within_bound(lazy: pd.DataFrame, full: pd.DataFrame, tolerance: float) -> None:
    missing = full[RATES] - lazy[RATES]
    assert (full["error_bound"] == 0).all()
    assert lazy["error_bound"].between(0, tolerance).all()
    assert (missing.max(axis=1) <= lazy["error_bound"] + 1e-12).all()
    assert (missing.min(axis=1) >= -1e-12).all()
    decision = [column for column in full if column.endswith("_at_decision")]
    pd.testing.assert_frame_equal(lazy[decision], full[decision], check_exact=False, atol=1e-6)


def test_rates_are_within_the_bound(small: ImpalaPolicy) -> None:
    mazes = [Maze.from_level(3), with_loops(Maze.from_level(26))]
    full = evaluate(small, mazes=mazes, conditions=CONDITIONS, tolerance=0).frame
    for tolerance in (1e-2, 1e-6, 1e-9):
        lazy = evaluate(small, mazes=mazes, conditions=CONDITIONS, tolerance=tolerance).frame
        assert_within_bound(lazy, full, tolerance)


@pytest.mark.parametrize("name", ["full", "ppo-7", "small-1", "small-anywhere"])
def test_rates_of_other_policies_are_within_the_bound(name: str) -> None:
    policy = load_policy(name)
    full, lazy = (evaluate(policy, 3, ["top_right - cheese"], tolerance=value).frame for value in (0, None))
    assert_within_bound(lazy, full, 1e-6)


def test_a_policy_for_which_all_states_matter_is_within_the_bound(small: ImpalaPolicy) -> None:
    mazes = Maze.from_levels(SMALL_LEVELS[:1])
    for policy in (small.softened(1e6), UniformPolicy()):
        full, lazy = (evaluate(policy, mazes=mazes, tolerance=value).frame for value in (0, None))
        assert_within_bound(lazy, full, 1e-6)


def test_likeliest_actions_are_within_the_bound(small: ImpalaPolicy) -> None:
    full, lazy = (
        evaluate(small, SMALL_LEVELS, CONDITIONS, deterministic=True, tolerance=value).frame for value in (0, None)
    )
    assert_within_bound(lazy, full, 1e-6)
    assert (lazy["error_bound"] == 0).all()


def test_the_network_runs_in_few_states(small: ImpalaPolicy) -> None:
    maze = Maze.from_level(6)
    chain, forward = Chain.of(maze), SharedForward(small)
    exploration = Exploration(chain, horizon=256, tolerance=1e-6, deterministic=False)
    while len(states := exploration.ask()):
        exploration.learn(states, forward.probabilities(chain.observations(states.tolist()), [Steering()])[0])
    assert exploration.known.mean() < 0.6
    ends = chain.ends(exploration.probabilities[None], [None], 256, exploration.known[None])
    assert ends.at_place[0, 0] == evaluate(small, mazes=[maze]).frame["reach_cheese"].item()


def test_the_bound_is_the_probability_that_leaves_the_known_states() -> None:
    """A corridor where each step goes on with probability 0.1: in the third cell 0.01 arrives at once, more later."""
    maze = Maze.from_text("#####\n#####\n#####\n#####\n>...C")
    chain = Chain.of(maze)
    row = np.zeros(15, np.float32)
    row[7], row[4] = 0.1, 0.9
    exploration = Exploration(chain, horizon=2, tolerance=0.4, deterministic=False)
    asked = []
    while len(states := exploration.ask()):
        asked += states.tolist()
        exploration.learn(states, np.tile(row, (len(states), 1)))
    assert set(asked) <= {chain.state_of((10, col), right) for col in (10, 11) for right in (False, True)}
    assert exploration.bound == pytest.approx(0.01)
    moves = move_probabilities(np.tile(row, (1, chain.states, 1)))[0]
    assert moves[0] == pytest.approx([0, 0, 0, 0.1, 0.9])


def test_bits_depend_neither_on_other_mazes_nor_on_other_conditions(small: ImpalaPolicy) -> None:
    together = evaluate(small, SMALL_LEVELS, CONDITIONS, chunk=3).frame
    alone = pd.concat([evaluate(small, level, [condition]).frame for level in SMALL_LEVELS for condition in CONDITIONS])
    for frame in (together, alone):
        frame.sort_values(["level", "condition"], inplace=True, ignore_index=True)
    pd.testing.assert_frame_equal(together.drop(columns="maze"), alone.drop(columns="maze"), check_exact=True)


def test_layers_can_be_mixed(small: ImpalaPolicy) -> None:
    """Of one layer, of another, and of two at once, which needs hooks and runs in every state."""
    maze = Maze.from_level(6)
    early, late = (cheese_vector(small, maze, layer=layer) for layer in ("embedder.block1", "embedder.block3.res1"))
    conditions = {"early": early, "late": late, "both": early.then(late), "baseline": Steering(), "head": head_noise()}
    full, lazy = (evaluate(small, mazes=[maze], conditions=conditions, tolerance=value).frame for value in (0, None))
    assert_within_bound(lazy, full, 1e-6)
    assert (lazy.set_index("condition")["error_bound"][["both", "head"]] == 0).all()


def head_noise() -> Steering:
    return Steering({"fc_policy": torch.linspace(-1, 1, 15)})


def test_a_wrong_tolerance_is_refused(small: ImpalaPolicy) -> None:
    for tolerance in (-1e-9, 2, float("nan"), "1e-6", True, np.True_):
        with pytest.raises(ValueError, match="tolerance must be 0 to 1"):
            evaluate(small, 1, tolerance=tolerance)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='tolerance is for method="exact"'):
        evaluate(small, 1, method="sampled", tolerance=1e-3)


def test_a_tolerance_may_be_a_number_of_numpys(small: ImpalaPolicy) -> None:
    for tolerance in (np.float32(0.5), np.float64(0.5), np.int64(0)):
        assert evaluate(small, 1, horizon=2, tolerance=tolerance).description["tolerance"] in (0, 0.5)


def test_a_condition_without_a_vector_anywhere_has_no_row(small: ImpalaPolicy) -> None:
    assert evaluate(small, mazes=[Maze.from_level(6).without_cheese()], conditions=["-cheese"]).frame.empty
