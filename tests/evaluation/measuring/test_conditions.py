from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch

from evaluation import evaluate
from evaluation.measuring.conditions import Condition, read_conditions
from evaluation.measuring.expressions import ConditionError, read_expression
from evaluation.measuring.steering_factory import SteeringFactory, _noise_key
from evaluation.measuring.vectors import Vector
from steered_env import ImpalaPolicy, Maze, Steering, cheese_vector, random_vector, top_right_vector
from steered_env.simulator import MAX_LEVEL
from steered_env.steering import DEFAULT_LAYER


def terms(expression: str) -> list[tuple[float, str]]:
    return [(coefficient, vector.name) for coefficient, vector in Condition.parse(expression).recipe.terms]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("baseline", []),
        ("-cheese", [(-1, "cheese")]),
        ("2*top_right - cheese", [(2, "top_right"), (-1, "cheese")]),
        ("-(cheese + top_right)/4", [(-0.25, "cheese"), (-0.25, "top_right")]),
        ("cheese*2*3", [(6, "cheese")]),
        ("+cheese - -top_right", [(1, "cheese"), (1, "top_right")]),
        ("(1+2)*random", [(3, "random")]),
        ("baseline - cheese", [(-1, "cheese")]),
        ("1e-1*cheese", [(0.1, "cheese")]),
        ("  2 *\n cheese", [(2, "cheese")]),
    ],
)
def test_expressions(expression: str, expected: list[tuple[float, str]]) -> None:
    assert terms(expression) == expected


def test_options() -> None:
    ((_, vector),) = read_expression('random(seed=3, level=7, like="top_right", layer="a.b")').terms
    assert vector == Vector("random", level=7, layer="a.b", seed=3, like="top_right")
    assert read_expression("random(like=top_right)").terms[0][1].like == "top_right"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("2*chese", r"unknown vector 'chese'.*did you mean 'cheese'\? \(at column 3\)"),
        ("cheese +", r"'cheese \+'.*\(at column 9\)"),
        ("cheese *\n", r"\(at column 9\)"),
        ("cheese top_right", r"'top_right'.*\(at column 8\)"),
        ("(cheese", r"\(at column 1\)"),
        ("", "empty"),
        ("cheese(level=0, level=1)", r"level twice.*\(at column 23\)"),
        ('random(seed=1, like="cheese", seed=1)', "seed twice"),
        ("3", "a number alone steers nothing"),
        ("cheese*top_right", "two vectors cannot be multiplied"),
        ("cheese + 1", "a number and a vector cannot be added"),
        ("cheese/0", "only a number other than 0 can divide"),
        ("1/cheese", "only a number other than 0 can divide"),
        ("cheese**2", r"only \+, -, \* and / are understood"),
        ("cheese(3)", "options need their names"),
        ("cheese(level=-1)", "level must be ≥ 0, got -1"),
        ("cheese(level=1.5)", "level must be a whole number, got 1.5"),
        ("cheese(level={[]: 1})", r"level must be a whole number, got '\{\[\]: 1\}'"),
        ("random(like={{}})", r"like must be one of cheese, top_right, .*, got '\{\{\}\}'"),
        ("cheese(seed=1)", "cheese has no option seed; it takes level, levels, component, cell, layer"),
        ("random(seed=-1)", "seed must be ≥ 0, got -1"),
        ("random(like=mouse)", "like must be one of cheese, top_right, .*, got 'mouse'"),
        ("random(seed=2**64)", r"seed must be a whole number, got '2\*\*64'"),
        ("cheese(levels=range(3))", r"must be written as 7, 0:100 or 3,8,12, got 'range\(3\)'"),
        ("cheese(layer=a.b)", "layer must be a name in quotes"),
        ("-cheese # - top_right", r"'#' begins a comment.*\(at column 9\)"),
        ("(-cheese # - top_right", r"'#' begins a comment"),
        ("cheese(layer=3)", "layer must be a name in quotes"),
        ("cheese(**x)", "no option None"),
        ("baseline(level=1)", "baseline takes no options"),
        ("1e999*cheese", "a coefficient must be finite"),
        ("1e300*1e300*cheese", "a coefficient must be finite"),
        ("cheese/(1e308 + 1e308)", "a coefficient must be finite"),
        ("__import__('os').system('touch x')", "expected a number, baseline, or a vector"),
        ("[cheese]", "expected a number"),
        ("baseline,-cheese", "not joined by commas: give each by itself"),
        ("top-right", "did you mean 'top_right'"),
        ("2 cheese", r"an operator is missing before 'cheese'.*\(at column 3\)"),
        ("'cheese'", "expected a number or a vector, got 'cheese'"),
        ("True*cheese", "expected a number or a vector, got True"),
        ("cheese" + "+cheese" * 400, "at most 1000 signs"),
    ],
)
def test_bad_expressions_point_at_the_place(expression: str, message: str) -> None:
    with pytest.raises(ConditionError, match=message):
        Condition.parse(expression)


def test_a_number_sign_in_quotes_is_no_comment() -> None:
    assert Condition.parse("cheese(layer='a#b')").layers == ("a#b",)


def test_words_are_known_however_their_letters_are_written() -> None:
    sign, letter = "\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}"
    mine = Steering({"a": torch.ones(2)})
    for name in (sign, letter):
        for expression in (f"2*{sign}", f"2*{letter}"):
            ((coefficient, vector),) = read_conditions([expression], {name: mine})[0].recipe.terms
            assert (coefficient, vector.steering) == (2, mine)
    with pytest.raises(ValueError, match="the same word"):
        read_conditions(["baseline"], {sign: mine, letter: mine})
    with pytest.raises(ValueError, match="has a meaning already"):
        read_conditions(["baseline"], {"ｃheese": mine})  # noqa: RUF001 (that is the point)


@pytest.mark.parametrize("deep", ["-" * 900 + "cheese", "(" * 400 + "cheese" + ")" * 400, "cheese" + "+cheese" * 140])
def test_deep_nesting_does_not_crash(deep: str) -> None:
    with contextlib.suppress(ConditionError):
        assert read_expression(deep).terms


def test_the_arrow_is_under_the_place() -> None:
    with pytest.raises(ConditionError) as caught:
        Condition.parse("top_right - 2*chese")
    _, expression, arrow = str(caught.value).splitlines()
    assert expression[arrow.index("^") :].startswith("chese")


def test_steerings_of_a_maze(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    policy, maze = reference_policy, mazes[12]
    fixed = cheese_vector(policy, mazes[0])
    conditions = read_conditions(
        [
            "baseline",
            "2*top_right - cheese",
            "top_right(level=0)",
            "-random(seed=3)",
            ("mine", fixed),
            ("made", lambda p, m: cheese_vector(p, m)),
        ]
    )
    made = SteeringFactory(policy).steerings(conditions, maze)
    assert made["baseline"] == Steering()
    assert made["2*top_right - cheese"] == 2 * top_right_vector(policy, maze) - cheese_vector(policy, maze)
    assert made["top_right(level=0)"] == top_right_vector(policy, mazes[0])
    assert made["-random(seed=3)"] == -random_vector(cheese_vector(policy, maze), seed=3, level=12)
    assert made["mine"] == fixed
    assert made["made"] == cheese_vector(policy, maze)


def test_every_maze_that_was_drawn_by_hand_has_noise_of_its_own(reference_policy: ImpalaPolicy) -> None:
    drawn = Maze.from_text("..C\n.#.\n>..")
    mazes = [
        drawn.with_mouse((int(row), int(col))) for row, col in np.argwhere(~drawn.walls) if (row, col) != drawn.cheese
    ]
    assert max(_noise_key(maze) for maze in mazes) > MAX_LEVEL
    factory, condition = SteeringFactory(reference_policy), Condition.parse("-random")
    made = [factory.steering(condition, maze)[DEFAULT_LAYER] for maze in mazes]
    assert len({tensor.numpy().tobytes() for tensor in made}) == len(mazes) == 7
    results = evaluate(reference_policy, mazes=mazes, conditions=["baseline", "-random"], horizon=2)
    assert len(results.frame) == 2 * len(mazes)


def test_conditions_without_a_vector_are_left_out(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    largest = next(maze for maze in mazes if maze.size == 25)
    made = SteeringFactory(reference_policy).steerings(read_conditions(["cheese", "top_right"]), largest)
    assert list(made) == ["cheese"]


def test_a_maze_where_no_condition_has_a_vector(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    largest = next(maze.level for maze in mazes if maze.size == 25)
    for method in ("exact", "sampled"):
        results = evaluate(reference_policy, [largest], ["top_right"], method=method, horizon=4)
        assert results.frame.empty
        assert results.notes() == "no vector for top_right in 1 of 1 mazes"
        assert results.table()["levels"].tolist() == ["0"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("cheese(levels='0:3', component=4)", r"only 3 of its 3 levels have a cheese vector"),
        ("baseline - 2*top_right(level=17)", r"top_right\(level=17\): level 17 has no top_right vector"),
        ("random(like='top_right', level=17)", "level 17 has no top_right vector"),
        ("top_right(levels='17')", "only 0 of its 1 levels"),
        ("unit(cheese - 2*top_right(level=17))", r"top_right\(level=17\)"),
        ("cheese(cell=(0, 0), level=17)", r"no cheese can lie at \(0, 0\) in level 17"),
    ],
)
def test_a_vector_of_named_levels_that_have_none_is_an_error(
    reference_policy: ImpalaPolicy, mazes: list[Maze], expression: str, message: str
) -> None:
    done: list[tuple[int, int]] = []
    with pytest.raises(ConditionError, match=message):
        evaluate(reference_policy, [0, 2], ["baseline", expression], on_progress=lambda *counts: done.append(counts))
    assert not done
    with pytest.raises(ConditionError, match=message):
        SteeringFactory(reference_policy).steerings([Condition.parse(expression)], mazes[2])


def test_a_function_that_exists_in_no_maze_is_an_error(reference_policy: ImpalaPolicy) -> None:
    for expression in ("unit(nothing)", "unit(cheese(level=0) - cheese(level=0))"):
        with pytest.raises(ConditionError, match=r"unit\(.*\) exists in no maze"):
            evaluate(
                reference_policy,
                [0],
                ["baseline", expression],
                vectors={"nothing": Steering({"embedder.fc": torch.zeros(2)})},
            )


@pytest.mark.parametrize(
    ("conditions", "error", "message"),
    [
        ([], ValueError, "at least one condition"),
        ("baseline", TypeError, "must be a list"),
        (["cheese", " cheese"], ValueError, "two conditions are called 'cheese'"),
        ([3], TypeError, "a condition is an expression"),
        ([("name", 3)], TypeError, "a condition is an expression"),
        ([("baseline", lambda policy, maze: Steering())], ValueError, "the name 'baseline' is kept for no steering"),
        ({"baseline": Steering({"a": torch.ones(2)})}, ValueError, "give this one another name"),
    ],
)
def test_bad_lists(conditions: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_conditions(conditions)  # type: ignore[arg-type]


def test_no_steering_may_be_called_baseline() -> None:
    for nothing in (Steering(), 0 * Steering({"a": torch.ones(2)})):
        assert read_conditions({"baseline": nothing})[0].name == "baseline"


def test_mazes_without_a_level_get_noise_of_their_own(reference_policy: ImpalaPolicy, mazes: list[Maze]) -> None:
    random = Condition.parse("random")
    bare = [Maze.from_text(str(maze).split("\n", 1)[1]) for maze in mazes[2:4]]
    one, other, again = (SteeringFactory(reference_policy).steering(random, maze) for maze in (*bare, bare[0]))
    assert one == again
    correlation = np.corrcoef([next(iter(steering.values())).flatten() for steering in (one, other)])[0, 1]
    assert abs(correlation) < 0.1


@pytest.mark.parametrize("name", ["half \ud83d", "\udcff"])
def test_a_name_that_no_file_can_hold_is_refused_at_once(name: str) -> None:
    for condition in ((name, Steering()), name):
        with pytest.raises(ValueError, match=r"\\ud"):
            read_conditions([condition])
