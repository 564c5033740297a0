"""Python code as canonical text: what it does counts; how it is laid out, documented and annotated does not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

_UNSEEN_FIELDS = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
"""Fields that follow from the place of a node, or that only a type checker reads."""
_KNOWN_DECORATORS = frozenset(
    {
        *("property", "setter", "getter", "deleter", "cached_property", "staticmethod", "classmethod"),
        *("cache", "lru_cache", "contextmanager", "wraps", "abstractmethod", "overload", "override", "final"),
        *("dataclass", "total_ordering", "runtime_checkable", "no_grad", "inference_mode"),
    }
)
"""Decorators of Python and torch that keep no list of what they decorate and read no annotations of a function."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
IMPORTS = (ast.Import, ast.ImportFrom)


class CanonicalText:
    """A statement as text that is equal for equal behaviour, with the names that it reads.

    Comments, layout, docstrings, blocks under ``if TYPE_CHECKING`` and annotations that nothing reads at run time are
    left out. Annotations in the body of a class stay, since dataclasses read them, and so do those of a function with
    a decorator that is not well known. Imports are listed apart, since what counts is what they lead to. Empty fields
    are left out too, so that a version of Python whose syntax has more of them gives the same text.

    Args:
        statement: A statement of a parsed module.

    Attributes:
        text: The canonical text.
        chains: The names that are read, each with the attributes read from it: ``a.b.c`` as ``("a", "b", "c")``.
        imports: The import statements inside.
        strings: The string constants inside.
    """

    def __init__(self, statement: ast.stmt) -> None:
        self.chains: set[tuple[str, ...]] = set()
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self.strings: set[str] = set()
        self._in_class_body = False
        self._annotations_run = False
        self.text = self._listed([statement])

    def _written(self, value: Any) -> str:
        if isinstance(value, list):
            return self._listed(value)
        if isinstance(value, ast.Constant):
            if isinstance(value.value, str):
                self.strings.add(value.value)
            return f"{type(value.value).__name__} {value.value!a}"
        if isinstance(value, ast.Attribute) and (chain := _chain(value)):
            self.chains.add(chain)
            return ".".join(chain)
        if isinstance(value, ast.Name):
            self.chains.add((value.id,))
            return value.id
        if isinstance(value, ast.JoinedStr):
            return f"JoinedStr({self._listed(_merged(value.values))})"
        if isinstance(value, ast.AnnAssign) and not self._in_class_body:
            return self._without_annotation(value)
        return self._node(value) if isinstance(value, ast.AST) else ascii(value)

    def _node(self, node: ast.AST) -> str:
        before = self._in_class_body, self._annotations_run
        if isinstance(node, ast.ClassDef):
            self._in_class_body = True
        elif isinstance(node, FUNCTIONS):
            self._in_class_body, self._annotations_run = False, has_foreign_decorator(node)
        unseen = set(_UNSEEN_FIELDS)
        if isinstance(node, (ast.arg, *FUNCTIONS)) and not self._annotations_run:
            unseen |= {"annotation", "returns"}
        parts = [
            f"{name}={self._written(value)}"
            for name, value in ast.iter_fields(node)
            if name not in unseen and not _is_empty(value)
        ]
        self._in_class_body, self._annotations_run = before
        return f"{type(node).__name__}({','.join(parts)})"

    def _listed(self, values: list[Any]) -> str:
        return f"[{','.join(self._written(value) for value in self._seen(values))}]"

    def _seen(self, values: list[Any]) -> Iterator[Any]:
        for value in values:
            if isinstance(value, IMPORTS):
                self.imports.append(value)
            elif is_for_type_checkers(value):
                yield from self._seen(value.orelse)
            elif not does_nothing(value):
                yield value

    def _without_annotation(self, node: ast.AnnAssign) -> str:
        target = self._written(node.target)
        if node.value is None:
            return f"Declare({target})"
        return f"Assign(targets=[{target}],value={self._written(node.value)})"


def has_foreign_decorator(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Tell whether a decorator may keep a list of what it decorates, or read a function's annotations."""
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name not in _KNOWN_DECORATORS:
            return True
    return False


def is_for_type_checkers(node: object) -> bool:
    """Tell whether a statement is an ``if TYPE_CHECKING``, whose first block never runs."""
    if not isinstance(node, ast.If):
        return False
    test = node.test
    return (test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")) == "TYPE_CHECKING"


def does_nothing(node: object) -> bool:
    """Tell whether a statement is a ``pass``, or a constant on a line of its own, such as a docstring."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _chain(node: ast.Attribute) -> tuple[str, ...]:
    """``a.b.c`` as its names; empty if it does not begin with a name."""
    attributes: list[str] = []
    base: ast.expr = node
    while isinstance(base, ast.Attribute):
        attributes.append(base.attr)
        base = base.value
    return (base.id, *reversed(attributes)) if isinstance(base, ast.Name) else ()


def _merged(values: list[ast.expr]) -> list[ast.expr]:
    """The parts of an f-string with neighbouring constants as one and without empty ones, which versions differ in."""
    parts: list[ast.expr] = []
    for value in values:
        text = value.value if isinstance(value, ast.Constant) else None
        before = parts[-1] if parts else None
        if isinstance(text, str) and isinstance(before, ast.Constant) and isinstance(before.value, str):
            parts[-1] = ast.Constant(before.value + text)
        elif text != "":
            parts.append(value)
    return parts


def _is_empty(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, ast.JoinedStr) and not _merged(value.values))
