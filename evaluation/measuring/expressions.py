"""Expressions such as ``2*top_right - cheese``, read into combinations of vectors; they are parsed, never run."""

from __future__ import annotations

import ast
import difflib
import math
import warnings
from dataclasses import dataclass

from evaluation.storage import BASELINE
from steered_env.simulator import check_level, whole_number
from steered_env.steering import DEFAULT_LAYER

from .vectors import VECTORS, Combination, Vector

_WORDS = (BASELINE, *VECTORS)
_MAX_LENGTH = 1000


class ConditionError(ValueError):
    """An expression that is no condition; the message points at the place."""


def read_expression(expression: str) -> Combination:
    """Read an expression, such as ``2*top_right - cheese``.

    Raises:
        ConditionError: if it is no condition; the message names the place and what was expected.
    """
    if len(expression) > _MAX_LENGTH:
        raise ConditionError(f"a condition has at most {_MAX_LENGTH} signs, got {len(expression)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # such as for 1or 2: the reader below says more
            tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise _syntax_error(expression, error) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConditionError(f"condition {expression[:60]!r}: cannot be read ({type(error).__name__})") from None
    try:
        value = _Reader(expression).read(tree.body)
    except RecursionError:
        raise ConditionError(f"condition {expression[:60]!r}: is nested too deeply") from None
    if isinstance(value, float):
        raise ConditionError(
            f"condition {expression!r}: a number alone steers nothing; write {BASELINE}, or a vector: "
            f"{', '.join(VECTORS)}"
        )
    return value


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


_Value = float | Combination


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
            return left + right.scaled(sign)
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
        numbers = (value,) if isinstance(value, float) else tuple(coefficient for coefficient, _ in value.terms)
        if not all(math.isfinite(number) for number in numbers):
            raise self._error(node, "a coefficient must be finite")
        return value

    def _vector(self, name: ast.Name, options: list[ast.keyword]) -> Combination:
        if name.id not in _WORDS:
            near = difflib.get_close_matches(name.id, _WORDS, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise self._error(name, f"unknown vector {name.id!r}, known are {', '.join(_WORDS)}{hint}")
        if name.id == BASELINE:
            if options:
                raise self._error(name, f"{BASELINE} takes no options")
            return Combination()
        known = ("level", "layer", "seed", "like") if name.id == "random" else ("level", "layer")
        given: dict[str, int | str] = {}
        for option in options:
            if option.arg is None or option.arg not in known:
                raise self._error(option.value, f"{name.id} has no option {option.arg}; it takes {', '.join(known)}")
            if option.arg in given:
                raise self._error(option.value, f"{name.id} is given {option.arg} twice; name each option once")
            given[option.arg] = self._option(option.arg, option.value)
        return Combination(((1.0, Vector(name.id, **given)),))  # type: ignore[arg-type]

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
    return value * factor if isinstance(value, float) else value.scaled(factor)
