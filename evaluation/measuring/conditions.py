"""Conditions: what is to be compared, written as expressions such as ``2*top_right - cheese``.

A condition is a linear combination of vectors::

    baseline                           nothing
    -cheese                            the cheese vector of each maze, subtracted
    top_right(level=0)                 the top-right vector of level 0, in every maze
    2*top_right - cheese               the two composed
    -random(seed=3)                    noise with the spread of each maze's cheese vector
    random(like="top_right")           noise with the spread of another vector
    cheese(layer="embedder.block1")    at another layer

Expressions are parsed, never run.
"""

from __future__ import annotations

import ast
import difflib
import math
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Union

from torch import nn

from evaluation.storage import BASELINE
from steered_env import Maze, Steering, VectorError, cheese_vector, random_vector, top_right_vector
from steered_env.simulator import check_level, whole_number
from steered_env.steering import DEFAULT_LAYER, Intervention

VECTORS = ("cheese", "top_right", "random")
USUAL_CONDITIONS = (BASELINE, "-cheese", "top_right", "top_right - cheese", "-random")
"""What `steered-env table` and the model cards compare."""
_WORDS = (BASELINE, *VECTORS)
_MAX_LENGTH = 1000


class ConditionError(ValueError):
    """An expression that is no condition; the message points at the place."""


@dataclass(frozen=True)
class Vector:
    """One vector of an expression.

    Attributes:
        name: ``cheese``, ``top_right`` or ``random``.
        level: compute it in this level instead of in every maze.
        layer: dotted layer name.
        seed: of ``random``.
        like: the vector whose spread ``random`` takes.
    """

    name: str
    level: int | None = None
    layer: str = DEFAULT_LAYER
    seed: int = 0
    like: str = "cheese"


SteeringMaker = Callable[[nn.Module, Maze], Intervention]
ConditionLike = Union[str, "Condition", tuple[str, Intervention | SteeringMaker]]


@dataclass(frozen=True)
class Condition:
    """A named steering: a combination of vectors, a fixed steering, or a function of policy and maze.

    Example:
        >>> Condition.parse("2*top_right - cheese").terms
        ((2.0, Vector(name='top_right', level=None, layer='embedder.block2.res1.resadd', seed=0, like='cheese')), \
(-1.0, Vector(name='cheese', level=None, layer='embedder.block2.res1.resadd', seed=0, like='cheese')))

    Attributes:
        name: what it is called in tables.
        terms: coefficients and vectors; empty for the baseline.
        made_by: a fixed steering or other intervention, or a function that makes one, instead of terms.

    Raises:
        ValueError: if one that steers is called ``baseline``, the name of what all others are compared with.
    """

    name: str
    terms: tuple[tuple[float, Vector], ...] = ()
    made_by: Intervention | SteeringMaker | None = None

    def __post_init__(self) -> None:
        nothing = self.made_by is None or (isinstance(self.made_by, Steering) and self.made_by.norm() == 0)
        if self.name == BASELINE and (self.terms or not nothing):
            raise ValueError(
                f"the name {BASELINE!r} is kept for no steering, which all other conditions are compared with: give "
                "this one another name"
            )

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that it names; none for a function, which says so only when it is called."""
        if isinstance(self.made_by, Intervention):
            return tuple(self.made_by.changes())
        return tuple(dict.fromkeys(vector.layer for _, vector in self.terms))

    @classmethod
    def parse(cls, expression: str) -> Condition:
        """Read an expression.

        Raises:
            ConditionError: if it is no condition; the message names the place and what was expected.
        """
        name = " ".join(expression.split())
        if len(name) > _MAX_LENGTH:
            raise ConditionError(f"a condition has at most {_MAX_LENGTH} signs, got {len(name)}")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)  # such as for 1or 2: the reader below says more
                tree = ast.parse(name, mode="eval")
        except SyntaxError as error:
            raise _syntax_error(name, error) from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise ConditionError(f"condition {name[:60]!r}: cannot be read ({type(error).__name__})") from None
        try:
            value = _Reader(name).read(tree.body)
        except RecursionError:
            raise ConditionError(f"condition {name[:60]!r}: is nested too deeply") from None
        if isinstance(value, float):
            raise ConditionError(
                f"condition {name!r}: a number alone steers nothing; write {BASELINE}, or a vector: "
                f"{', '.join(VECTORS)}"
            )
        return cls(name, value)

    @classmethod
    def of(cls, condition: ConditionLike) -> Condition:
        """A condition from an expression, or from a name with a steering or a function that makes one.

        Raises:
            ConditionError: if an expression is no condition.
            TypeError: if it is something else.
            ValueError: if one that steers is called ``baseline``.
        """
        if isinstance(condition, Condition):
            return condition
        if isinstance(condition, str):
            return cls.parse(condition)
        if isinstance(condition, tuple) and len(condition) == 2 and isinstance(condition[0], str):
            name, made_by = condition
            if isinstance(made_by, Intervention) or callable(made_by):
                return cls(name, made_by=made_by)
        raise TypeError(
            "a condition is an expression, or a name with a Steering (or another Intervention) or with a function "
            "(policy, maze) -> Steering, "
            f"got {condition!r}"
        )


def read_conditions(
    conditions: Iterable[ConditionLike] | Mapping[str, Intervention | SteeringMaker],
) -> tuple[Condition, ...]:
    """Several conditions, each name once.

    Raises:
        ConditionError: if an expression is no condition.
        TypeError: if something is no condition at all.
        ValueError: if there is none, or two have one name.
    """
    if isinstance(conditions, str):
        raise TypeError(f"conditions must be a list, got the one string {conditions!r}")
    items = conditions.items() if isinstance(conditions, Mapping) else conditions
    result = tuple(Condition.of(item) for item in items)
    names = [condition.name for condition in result]
    if not names:
        raise ValueError(f"there must be at least one condition, such as {BASELINE!r}")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two conditions are called {twice[0]!r}; give each a name of its own")
    return result


def those_that_exist(expressions: Iterable[str], policy: nn.Module, maze: Maze) -> list[str]:
    """Those expressions whose vectors exist for a maze."""
    wanted = list(expressions)
    there = SteeringFactory(policy).steerings([Condition.parse(one) for one in wanted], maze)
    return [one for one in wanted if one in there]


def _error_at(name: str, column: int, message: str) -> ConditionError:
    arrow = f"\n  {name}\n  {' ' * (column - 1)}^"
    return ConditionError(f"condition {name!r}: {message} (at column {column}){arrow}")


def _syntax_error(name: str, error: SyntaxError) -> ConditionError:
    """Python's complaint about an expression, with what was expected where Python does not say it."""
    expected = f"a number, {BASELINE}, or a vector: {', '.join(VECTORS)}"
    if not name:
        return ConditionError(f"a condition must not be empty; write {BASELINE}, or a vector: {', '.join(VECTORS)}")
    column = error.offset or len(name) + 1
    if not error.msg.startswith("invalid syntax"):
        return _error_at(name, column, error.msg)
    if column > len(name):
        return _error_at(name, column, f"it ends where something must follow: {expected}")
    here = name[column - 1 :].split()[0]
    return _error_at(name, column, f"{here!r} cannot stand here; combine {expected}, with +, -, * and /")


_Value = float | tuple[tuple[float, Vector], ...]


@dataclass(frozen=True)
class _Reader:
    """Reads one expression's syntax tree."""

    source: str

    def read(self, node: ast.expr) -> _Value:
        if isinstance(node, ast.Constant):
            return self._number(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            value = self.read(node.operand)
            return _scaled(value, -1.0) if isinstance(node.op, ast.USub) else value
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.Name):
            return self._vector(node, [])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.args:
                raise self._error(node.args[0], "options need their names, such as level=0")
            return self._vector(node.func, node.keywords)
        raise self._error(node, f"expected a number, {BASELINE}, or a vector: {', '.join(VECTORS)}")

    def _number(self, node: ast.Constant) -> float:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self._error(node, f"expected a number or a vector, got {node.value!r}")
        try:
            value = float(node.value)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise self._error(node, "a coefficient must be finite")
        return value

    def _operation(self, node: ast.BinOp) -> _Value:
        left, right = self.read(node.left), self.read(node.right)
        if isinstance(node.op, (ast.Add, ast.Sub)):
            sign = 1.0 if isinstance(node.op, ast.Add) else -1.0
            if isinstance(left, float) and isinstance(right, float):
                return self._checked(node, left + sign * right)
            if isinstance(left, float) or isinstance(right, float):
                raise self._error(node, "a number and a vector cannot be added; multiply them")
            return left + _terms(_scaled(right, sign))
        if isinstance(node.op, ast.Mult):
            if isinstance(left, float):
                return self._checked(node, _scaled(right, left))
            if isinstance(right, float):
                return self._checked(node, _scaled(left, right))
            raise self._error(node, "two vectors cannot be multiplied")
        if isinstance(node.op, ast.Div):
            if not isinstance(right, float) or right == 0:
                raise self._error(node.right, "only a number other than 0 can divide")
            return self._checked(node, _scaled(left, 1 / right))
        raise self._error(node, "only +, -, * and / are understood")

    def _checked(self, node: ast.expr, value: _Value) -> _Value:
        numbers = (value,) if isinstance(value, float) else tuple(c for c, _ in value)
        if not all(math.isfinite(number) for number in numbers):
            raise self._error(node, "a coefficient must be finite")
        return value

    def _vector(self, name: ast.Name, options: list[ast.keyword]) -> tuple[tuple[float, Vector], ...]:
        if name.id not in _WORDS:
            near = difflib.get_close_matches(name.id, _WORDS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise self._error(name, f"unknown vector {name.id!r}, known are {', '.join(_WORDS)}{hint}")
        if name.id == BASELINE:
            if options:
                raise self._error(name, f"{BASELINE} takes no options")
            return ()
        known = ("level", "layer", "seed", "like") if name.id == "random" else ("level", "layer")
        given: dict[str, int | str] = {}
        for option in options:
            if option.arg is None or option.arg not in known:
                raise self._error(option.value, f"{name.id} has no option {option.arg}; it takes {', '.join(known)}")
            if option.arg in given:
                raise self._error(option.value, f"{name.id} is given {option.arg} twice; name each option once")
            given[option.arg] = self._option(option.arg, option.value)
        return ((1.0, Vector(name.id, **given)),)  # type: ignore[arg-type]

    def _option(self, option: str, node: ast.expr) -> int | str:
        try:
            value = ast.literal_eval(node)
        except (TypeError, ValueError):  # a TypeError for what cannot be built, such as {[]: 1}
            value = node.id if isinstance(node, ast.Name) else None
        try:
            if option == "level":
                return check_level(value)
            if option == "seed":
                if whole_number(value, "seed") < 0:
                    raise ValueError(f"seed must be ≥ 0, got {value}")
                return int(value)
        except (TypeError, ValueError) as error:
            raise self._error(node, str(error)) from None
        if option == "like" and value not in ("cheese", "top_right"):
            raise self._error(node, f"like must be cheese or top_right, got {value!r}")
        if not isinstance(value, str) or not value:
            raise self._error(node, f'{option} must be a name in quotes, such as layer="{DEFAULT_LAYER}"')
        return value

    def _error(self, node: ast.expr, message: str) -> ConditionError:
        column = len(self.source.encode()[: node.col_offset].decode(errors="ignore")) + 1
        return _error_at(self.source, column, message)


def _scaled(value: _Value, factor: float) -> _Value:
    if isinstance(value, float):
        return value * factor
    return tuple((coefficient * factor, vector) for coefficient, vector in value)


def _terms(value: _Value) -> tuple[tuple[float, Vector], ...]:
    assert not isinstance(value, float)
    return value


@dataclass
class SteeringFactory:
    """Makes the steerings of conditions for one policy, computing each vector of a maze once.

    Args:
        policy: whose activations the vectors are differences of.
    """

    policy: nn.Module
    _fixed: dict[tuple[Vector, int], Steering] = field(default_factory=dict)

    def steerings(self, conditions: Iterable[Condition], maze: Maze) -> dict[str, Intervention]:
        """The steering of each condition, by its name; a condition whose vector does not exist is left out.

        Args:
            conditions: which.
            maze: in its start state; a vector without a level of its own is computed there.
        """
        here: dict[Vector, Steering] = {}
        made: dict[str, Intervention] = {}
        for condition in conditions:
            try:
                made[condition.name] = self._make(condition, maze, here)
            except VectorError:
                continue
        return made

    def steering(self, condition: Condition, maze: Maze) -> Intervention:
        """The steering of one condition.

        Raises:
            VectorError: if a vector of the condition does not exist for this maze.
        """
        return self._make(condition, maze, {})

    def _make(self, condition: Condition, maze: Maze, here: dict[Vector, Steering]) -> Intervention:
        if isinstance(condition.made_by, Intervention):
            return condition.made_by
        if condition.made_by is not None:
            steering = condition.made_by(self.policy, maze)
            if not isinstance(steering, Intervention):
                raise TypeError(
                    f"condition {condition.name!r} must make a Steering or another Intervention, got "
                    f"{type(steering).__name__}"
                )
            return steering
        total = Steering()
        for coefficient, vector in condition.terms:
            made = self._vector(vector, maze, here)  # also to see that it exists
            total = total + coefficient * made if coefficient else total
        return total

    def _vector(self, vector: Vector, maze: Maze, here: dict[Vector, Steering]) -> Steering:
        if vector.level is not None:
            key = (vector, vector.level)
            if key not in self._fixed:
                self._fixed[key] = self._compute(vector, Maze.from_level(vector.level), {})
            return self._fixed[key]
        if vector not in here:
            here[vector] = self._compute(vector, maze, here)
        return here[vector]

    def _compute(self, vector: Vector, maze: Maze, here: dict[Vector, Steering]) -> Steering:
        if vector.name == "cheese":
            return cheese_vector(self.policy, maze, layer=vector.layer)
        if vector.name == "top_right":
            return top_right_vector(self.policy, maze, layer=vector.layer)
        like = Vector(vector.like, layer=vector.layer)
        if like not in here:
            here[like] = self._compute(like, maze, here)
        return random_vector(here[like], seed=vector.seed, level=_noise_key(maze))


def _noise_key(maze: Maze) -> int:
    """What keys a maze's noise: its level, or its text, so that no two mazes without a level share theirs."""
    return zlib.crc32(str(maze).encode()) if maze.level is None else maze.level
