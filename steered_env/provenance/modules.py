"""Modules as they stand on disk: their statements by what they bind, found without running anything."""

from __future__ import annotations

import ast
import functools
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .canonical import FUNCTIONS, IMPORTS, CanonicalText, does_nothing, has_foreign_decorator, is_for_type_checkers


class Origin(NamedTuple):
    """What a name that an import binds stands for: a module, or what a module calls ``name``."""

    module: str
    name: str = ""


@dataclass(frozen=True)
class Module:
    """A module of this project.

    Attributes:
        name: dotted.
        is_package: Whether it is a package's ``__init__``.
        definitions: Name to the statements that bind it, in their order, without imports.
        effects: The statements that do something when the module is imported, beside binding names.
        imports: Name to what it may stand for, of imports that stand at the top.
        imported: Every module or name that importing this module imports.
        starred: Modules from which it takes all names.
    """

    name: str
    is_package: bool
    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    effects: list[ast.stmt] = field(default_factory=list)
    imports: dict[str, list[Origin]] = field(default_factory=dict)
    imported: list[Origin] = field(default_factory=list)
    starred: list[str] = field(default_factory=list)

    def origins(self, statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Origin]]:
        """The names that an import in this module binds; ``*`` for all of a module's."""
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield (
                    (alias.asname, Origin(alias.name))
                    if alias.asname
                    else (
                        alias.name.split(".")[0],
                        Origin(alias.name.split(".")[0]),
                    )
                )
            return
        source = self._absolute(statement)
        for alias in statement.names:
            yield alias.asname or alias.name, Origin(source, alias.name)

    def _absolute(self, statement: ast.ImportFrom) -> str:
        if not statement.level:
            return statement.module or ""
        parts = self.name.split(".")
        package = parts[: len(parts) - statement.level + self.is_package]
        return ".".join([*package, *([statement.module] if statement.module else [])])

    def _add(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            if is_for_type_checkers(statement):
                assert isinstance(statement, ast.If)
                self._add(statement.orelse)
            elif isinstance(statement, IMPORTS):
                self._add_import(statement)
            elif not does_nothing(statement):
                self._add_other(statement)

    def _add_import(self, statement: ast.Import | ast.ImportFrom) -> None:
        for name, origin in self.origins(statement):
            if name == "*":
                self.starred.append(origin.module)
                self.imported.append(Origin(origin.module))
            else:
                self.imports.setdefault(name, []).append(origin)
                self.imported.append(origin)
        if isinstance(statement, ast.Import):
            self.imported.extend(Origin(alias.name) for alias in statement.names)

    def _add_other(self, statement: ast.stmt) -> None:
        names, only_binds = _bound_by(statement)
        for name in names:
            self.definitions.setdefault(name, []).append(statement)
        if not only_binds:
            self.effects.append(statement)
            for inside in CanonicalText(statement).imports:
                self._add_import(inside)


def _bound_by(statement: ast.stmt) -> tuple[set[str], bool]:
    """The names that a statement at the top of a module binds, and whether it does nothing else."""
    if isinstance(statement, (ast.ClassDef, *FUNCTIONS)):
        registers = has_foreign_decorator(statement) or bool(getattr(statement, "keywords", None))
        return {statement.name}, not registers
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        stored = [node for target in targets for node in ast.walk(target)]
        plain = all(isinstance(node, (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.expr_context)) for node in stored)
        names = {node.id for node in stored if isinstance(node, ast.Name)}
        return names, plain and not any(isinstance(node, ast.NamedExpr) for node in ast.walk(statement))
    return set(_names_inside(statement)), False


def _names_inside(node: ast.AST) -> Iterator[str]:
    """Names bound in a block at the top of a module, not those inside its functions and classes."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, (ast.ClassDef, *FUNCTIONS)):
        yield node.name
        return
    for child in ast.iter_child_nodes(node):
        yield from _names_inside(child)


@functools.cache
def module_called(name: str) -> Module | None:
    """The module of a dotted name, read from its source; None if there is none.

    Raises:
        SyntaxError: if the source is no Python.
    """
    path = _source_of(name)
    if path is None:
        return None
    module = Module(name, path.name == "__init__.py")
    module._add(ast.parse(path.read_bytes()).body)
    return module


@functools.cache
def stub_of(package: str) -> Module | None:
    """The ``__init__.pyi`` of a package, which says where names come from that are imported when they are asked for."""
    path = _source_of(package)
    stub = None if path is None else path.with_suffix(".pyi")
    if stub is None or path is None or path.name != "__init__.py" or not stub.is_file():
        return None
    module = Module(package, True)
    module._add(ast.parse(stub.read_bytes()).body)
    return module


def submodules(package: str) -> Iterator[str]:
    """The modules and packages of a package, and those of these."""
    path = _source_of(package)
    if path is None or path.name != "__init__.py":
        return
    for inner in sorted(path.parent.iterdir()):
        name = f"{package}.{inner.stem}"
        if inner.suffix == ".py" and inner.stem != "__init__":
            yield name
        elif (inner / "__init__.py").is_file():
            yield name
            yield from submodules(name)


def folder_of(root: str) -> Path | None:
    """The folder of a package that is not inside another one, found as an import would find it but not imported."""
    path = _found(root)
    return path.parent if path is not None and path.name == "__init__.py" else None


@functools.cache
def _found(root: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(root)
    except ValueError:  # such as __main__ of a notebook
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin).resolve()


def _source_of(name: str) -> Path | None:
    root, *inner = name.split(".")
    path = _found(root)
    if path is None or not inner:
        return path
    below = path.parent.joinpath(*inner)
    candidates = (below / "__init__.py", below.with_suffix(".py")) if path.name == "__init__.py" else ()
    return next((candidate for candidate in candidates if candidate.is_file()), None)
