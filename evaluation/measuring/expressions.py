"""Expressions such as ``2*top_right - cheese``, read into combinations of vectors; they are parsed, never run."""

from __future__ import annotations

import ast
import difflib
import io
import keyword
import math
import tokenize
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from evaluation.storage import BASELINE
from steered_env import Steering
from steered_env.simulator import check_cell, check_level, whole_number
from steered_env.steering import DEFAULT_LAYER

from .maze_sets import read_levels
from .vectors import FUNCTIONS, VECTORS, Combination, Function, Given, Vector

_OPTIONS = {
    "cheese": ("level", "levels", "component", "cell", "layer"),
    "random": ("level", "layer", "seed", "like"),
}
_OPTIONS_OF_CORNERS = ("level", "levels", "component", "layer")
_MAX_LENGTH = 1000
NO_VECTORS: Mapping[str, Steering] = MappingProxyType({})
"""No vectors of the caller's."""


class ConditionError(ValueError):
    """An expression that is no condition, or one with a vector that exists in no maze; the message says where."""


def check_vectors(vectors: Mapping[str, Steering] | None) -> Mapping[str, Steering]:
    """Check vectors of the caller's, and the words that stand for them.

    Raises:
        TypeError: if one is no `Steering`.
        ValueError: if a word is none that an expression could use, or has a meaning already.
    """
    if vectors is None:
        return NO_VECTORS
    written: dict[str, str] = {}
    for name, steering in vectors.items():
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise ValueError(f"a vector's name must be a word of letters, digits and _, got {name!r}")
        word = _as_read(name)
        if (other := written.setdefault(word, name)) != name:
            raise ValueError(
                f"an expression reads the names {other!r} and {name!r} as the same word: change one of them"
            )
        if word in (BASELINE, *VECTORS, *FUNCTIONS):
            raise ValueError(f"the name {name!r} has a meaning already: give this vector another one")
        if not isinstance(steering, Steering):
            raise TypeError(
                f"vector {name!r} must be a Steering, got {type(steering).__name__}; another Intervention, or a "
                f"function, is a condition of its own: ({name!r}, …)"
            )
    return vectors


def _as_read(name: str) -> str:
    """A word as `ast` reads it, which takes letters that mean the same, such as the two kinds of mu, for one."""
    return unicodedata.normalize("NFKC", name)


def read_expression(expression: str, vectors: Mapping[str, Steering] = NO_VECTORS) -> Combination:
    """Read an expression, such as ``2*top_right - cheese``.

    Args:
        expression: The expression.
        vectors: Vectors of the caller's, by the words that stand for them.

    Raises:
        ConditionError: if it is no condition; the message names the place and what was expected.
    """
    if len(expression) > _MAX_LENGTH:
        raise ConditionError(f"a condition has at most {_MAX_LENGTH} signs, got {len(expression)}")
    reader = _Reader(expression, {_as_read(name): steering for name, steering in vectors.items()})
    _check_comments(expression)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # such as for 1or 2: the reader below says more
            tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise _syntax_error(expression, error, reader.known_vectors) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConditionError(f"condition {expression[:60]!r}: cannot be read ({type(error).__name__})") from None
    try:
        value = reader.read(tree.body)
    except RecursionError:
        raise ConditionError(f"condition {expression[:60]!r}: is nested too deeply") from None
    if isinstance(value, float):
        raise ConditionError(
            f"condition {expression!r}: a number alone steers nothing; write {BASELINE}, or a vector: "
            f"{reader.known_vectors}"
        )
    return value


def _error_at(name: str, column: int, message: str) -> ConditionError:
    arrow = f"\n  {name}\n  {' ' * (column - 1)}^"
    return ConditionError(f"condition {name!r}: {message} (at column {column}){arrow}")


def _check_comments(expression: str) -> None:
    """Refuse comments, which `ast` drops: the condition's name would tell of vectors that it has not."""
    tokens = tokenize.generate_tokens(io.StringIO(expression).readline) if "#" in expression else iter(())
    try:
        column = next((token.start[1] + 1 for token in tokens if token.type == tokenize.COMMENT), None)
    except (tokenize.TokenError, SyntaxError, ValueError):  # of which `ast` says more
        return
    if column is not None:
        raise _error_at(expression, column, "'#' begins a comment, which is not read: leave it out")


def _syntax_error(name: str, error: SyntaxError, vectors: str) -> ConditionError:
    """Python's complaint about an expression, with what was expected where Python does not say it."""
    expected = f"a number, {BASELINE}, or a vector: {vectors}"
    if not name:
        return ConditionError(f"a condition must not be empty; write {BASELINE}, or a vector: {vectors}")
    column = error.offset or len(name) + 1
    if not error.msg.startswith("invalid syntax"):
        return _error_at(name, column, error.msg)
    if column > len(name):
        return _error_at(name, column, f"it ends where something must follow: {expected}")
    here = name[column - 1 :].split()[0]
    if here[0].isalpha() and name[: column - 1].rstrip()[-1:].isalnum():
        return _error_at(name, column, f"an operator is missing before {here!r}: +, -, * or /")
    return _error_at(name, column, f"{here!r} cannot stand here; combine {expected}, with +, -, * and /")


_Value = float | Combination


@dataclass(frozen=True)
class _Reader:
    """Reads one expression's syntax tree."""

    source: str
    vectors: Mapping[str, Steering]

    @property
    def known_vectors(self) -> str:
        """The words for vectors."""
        return ", ".join((*VECTORS, *self.vectors))

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
            if node.func.id in FUNCTIONS:
                return self._function(node.func, node)
            self._check_word(node.func)
            if node.args:
                raise self._error(node.args[0], "options need their names, such as level=0")
            return self._vector(node.func, node.keywords)
        if isinstance(node, ast.Tuple):
            raise self._error(node, "conditions are not joined by commas: give each by itself")
        raise self._error(node, f"expected a number, {BASELINE}, or a vector: {self.known_vectors}")

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

    def _function(self, name: ast.Name, call: ast.Call) -> Combination:
        wanted = FUNCTIONS[name.id]
        if len(call.args) != wanted or call.keywords:
            example = f"{name.id}({', '.join(VECTORS[:wanted])})"
            raise self._error(name, f"{name.id} takes {wanted} vector{'s' * (wanted > 1)}, such as {example}")
        arguments = []
        for node in call.args:
            value = self.read(node)
            if isinstance(value, float) or not value.terms:
                raise self._error(node, f"{name.id} takes vectors: {self.known_vectors}")
            arguments.append(value)
        return Combination(((1.0, Function(name.id, tuple(arguments))),))

    def _check_word(self, name: ast.Name) -> None:
        words = (BASELINE, *VECTORS, *self.vectors)
        if name.id not in words:
            begun = [word for word in words if word.startswith(f"{name.id}_")]  # top-right
            near = difflib.get_close_matches(name.id, (*words, *FUNCTIONS), n=1) or begun
            hint = f"; did you mean {near[0]!r}?" if near else ""
            functions = ", ".join(f"{function}()" for function in FUNCTIONS)
            raise self._error(name, f"unknown vector {name.id!r}, known are {', '.join(words)}, {functions}{hint}")

    def _vector(self, name: ast.Name, options: list[ast.keyword]) -> Combination:
        self._check_word(name)
        if name.id == BASELINE or name.id in self.vectors:
            if options:
                raise self._error(name, f"{name.id} takes no options")
            given = self.vectors.get(name.id)
            return Combination() if given is None else Combination(((1.0, Given(name.id, given)),))
        return Combination(((1.0, Vector(name.id, **self._options(name, options))),))

    def _options(self, name: ast.Name, options: list[ast.keyword]) -> dict[str, Any]:
        known = _OPTIONS.get(name.id, _OPTIONS_OF_CORNERS)
        given: dict[str, Any] = {}
        for option in options:
            if option.arg is None or option.arg not in known:
                raise self._error(option.value, f"{name.id} has no option {option.arg}; it takes {', '.join(known)}")
            if option.arg in given:
                raise self._error(option.value, f"{name.id} is given {option.arg} twice; name each option once")
            given[option.arg] = self._option(option.arg, option.value)
        for one, other in (("level", "levels"), ("cell", "levels")):
            if one in given and other in given:
                raise self._error(name, f"{name.id} is given {one} and {other}; name one of them")
        if "component" in given and "levels" not in given:
            raise self._error(name, "a component is one of many vectors: name their levels, such as levels='0:20'")
        return given

    def _option(self, option: str, node: ast.expr) -> Any:
        try:
            value = ast.literal_eval(node)
        except (TypeError, ValueError):  # a TypeError for what cannot be built, such as {[]: 1}
            value = ast.get_source_segment(self.source, node)
        try:
            if option == "level":
                return check_level(value)
            if option == "levels":
                return read_levels(str(value))
            if option == "cell":
                return check_cell(value, "cell")
            if option in ("seed", "component"):
                return whole_number(value, option, 0 if option == "seed" else 1)
        except (TypeError, ValueError) as error:
            raise self._error(node, str(error)) from None
        likes = [word for word in VECTORS if word != "random"]
        if option == "like" and value not in likes:
            raise self._error(node, f"like must be one of {', '.join(likes)}, got {value!r}")
        if not isinstance(node, (ast.Constant, ast.Name)) or not isinstance(value, str) or not value:
            raise self._error(node, f'{option} must be a name in quotes, such as layer="{DEFAULT_LAYER}"')
        return value

    def _error(self, node: ast.expr, message: str) -> ConditionError:
        column = len(self.source.encode()[: node.col_offset].decode(errors="ignore")) + 1
        return _error_at(self.source, column, message)


def _scaled(value: _Value, factor: float) -> _Value:
    return value * factor if isinstance(value, float) else value.scaled(factor)
