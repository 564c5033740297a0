"""What a page shows live rests on these; that its numbers are those of `evaluate` is in the tests of the page."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from evaluation.measuring import KnownMaze, SharedForward, read_expression, write_expression
from steered_env import ImpalaPolicy, Maze, Steering, cheese_vector
from steered_env.system import GivenUpError, given_up_by


@pytest.mark.parametrize(
    "text",
    [
        "baseline",
        "-cheese",
        "0.30000000000000004*cheese - 1e-07*random(seed=3, like='top_right')",
        "cheese(levels='0:20', component=1) + cheese(levels='3,8', layer='a.b')",
        "2*unit(top_left - 3*cheese(cell=(20, 18))) - away_from(top_right, onto(mine, cheese))",
    ],
)
def test_an_expression_is_read_as_it_is_written(small: ImpalaPolicy, mazes: list[Maze], text: str) -> None:
    vectors: dict[str, Steering] = {"mine": cheese_vector(small, mazes[3])}
    combination = read_expression(text, vectors)
    written = write_expression(combination)
    assert write_expression(read_expression(written, vectors)) == written
    assert read_expression(written, vectors).layers == combination.layers
    if "mine" not in text:
        assert read_expression(written) == combination


def test_work_that_nobody_waits_for_is_given_up_and_does_no_harm(small: ImpalaPolicy, mazes: list[Maze]) -> None:
    given_up = threading.Event()
    given_up.set()
    with ThreadPoolExecutor(2) as pool:
        known = KnownMaze(SharedForward(small), mazes[6], pool)
        with pytest.raises(GivenUpError), given_up_by(given_up):
            known.numbers(None, "baseline", horizon=8)
        whole, some = (known.numbers(None, "baseline", horizon=256, tolerance=number) for number in (0, 1e-6))
    assert abs(whole.measures.reach_cheese - some.measures.reach_cheese) < 1e-5
    assert whole.steps == pytest.approx(some.steps, abs=1e-2)
