"""The source that a result depends on: every module that is imported on the way to it, without what does not run."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

_LENGTH = 16
_LIBRARY = "steered_env"
"""The package whose code counts wherever it is imported."""

Entry = str | type | Callable[..., object]
"""A module by its dotted name, or a class or function for the module that it is written in."""


class Imported(NamedTuple):
    """The module, or the ``name`` in a module, that an import names."""

    module: str
    name: str = ""


class Source(NamedTuple):
    """The source of a module.

    Attributes:
        text: All that runs, without imports; equal for equal behaviour.
        imports: The names that its imports bind, each with what it stands for.
    """

    text: str
    imports: tuple[tuple[str, Imported], ...]


def code_fingerprint(*entries: Entry) -> str:
    """A hash of all code that some entry points depend on: 16 hexadecimal digits.

    See `modules_reached` for what counts. The same source gives the same hash with every version of Python.

    Example:
        >>> from steered_env import Maze
        >>> code_fingerprint(Maze) == code_fingerprint("steered_env.maze.maze")
        True

    Raises:
        ValueError: if there is no such module.
    """
    return _fingerprint(frozenset(map(module_of, entries)))


def module_of(entry: Entry) -> str:
    """The dotted name of the module that an entry point is written in."""
    return entry if isinstance(entry, str) else entry.__module__


@functools.cache
def _fingerprint(modules: frozenset[str]) -> str:
    digest = hashlib.sha256()
    for name, text in sorted(modules_reached(modules).items()):
        digest.update(f"{len(text)} {name} {text}\n".encode())
    return digest.hexdigest()[:_LENGTH]


def modules_reached(entries: Iterable[str]) -> dict[str, str]:
    """Find the modules that some modules depend on, themselves included, each with its text as it counts.

    A module depends on all modules that it imports, inside functions as well. Names that are imported from a package
    lead to the modules that its ``__init__``, or the stub beside it, takes them from; the ``__init__`` itself counts
    only where a name is written in it. Comments, layout, docstrings, annotations that nothing reads, and blocks under
    ``if TYPE_CHECKING`` do not count. Other projects' code counts with its name; versions are compared elsewhere.

    *Not seen* are modules that are imported by a name put together at run time, and files that the code reads.

    Raises:
        ValueError: if there is no such module.
    """
    todo = sorted(entries)
    if missing := [name for name in todo if path_of(name) is None]:
        raise ValueError(f"there is no {missing[0]}: name a module of a package")
    roots = frozenset({_LIBRARY, *(name.partition(".")[0] for name in todo)})
    texts: dict[str, str] = {}
    while todo:
        name = todo.pop()
        if name not in texts:
            texts[name], imported = _with_origins(name, roots)
            todo += imported
    return texts


@functools.cache
def _with_origins(name: str, roots: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """The text of a module as it counts, with what its imports stand for, and the modules of ours that it imports."""
    source = source_of(name)
    origins = {(bound, _origin(imported, roots)) for bound, imported in source.imports}
    text = "\n".join([source.text, *sorted(f"{bound} is {'.'.join(origin)}" for bound, origin in origins)])
    return text, tuple({origin.module for _, origin in origins if _is_own(origin.module, roots)})


def _is_own(module: str, roots: Iterable[str]) -> bool:
    return module.partition(".")[0] in roots and path_of(module) is not None


def _origin(imported: Imported, roots: frozenset[str]) -> Imported:
    """The module that an imported name is written in, through packages that only hand it on."""
    module, name = imported
    if not name or not _is_own(module, roots) or not _is_package(module):
        return imported
    for bound, handed_on in source_of(module).imports:
        if bound == name and handed_on != imported:
            return _origin(handed_on, roots)
    inside = f"{module}.{name}"
    return Imported(inside) if path_of(inside) else imported


@functools.cache
def source_of(module: str) -> Source:
    """Read a module from its file, without running it; a package's imports are those of the stub beside it as well.

    Raises:
        SyntaxError: if the file holds no Python.
    """
    path = path_of(module)
    assert path is not None, module
    package = module if _is_package(module) else module.rpartition(".")[0]
    reader = _Reader(package)
    text = ast.dump(reader.visit(ast.parse(path.read_bytes())))
    if (stub := path.with_suffix(".pyi")).is_file():
        reader.visit(ast.parse(stub.read_bytes()))
    return Source(text, tuple(reader.imports))


def _is_package(module: str) -> bool:
    path = path_of(module)
    return path is not None and path.name == "__init__.py"


@functools.cache
def path_of(module: str) -> Path | None:
    """The file of a module, found as an import would find it but not imported; None if there is none."""
    root, *inner = module.split(".")
    if inner:
        above = path_of(root)
        below = above.parent.joinpath(*inner) if above is not None and above.name == "__init__.py" else Path()
        return next((path for path in (below / "__init__.py", below.with_suffix(".py")) if path.is_file()), None)
    try:
        spec = importlib.util.find_spec(root)
    except ValueError:  # such as __main__ of a notebook
        return None
    origin = "" if spec is None or spec.origin is None else spec.origin
    return Path(origin).resolve() if origin.endswith(".py") else None


class _Reader(ast.NodeTransformer):
    """Leaves out of a module all that does not run, and what versions of Python parse differently.

    Args:
        package: Name of the package that relative imports begin at.

    Attributes:
        imports: The names that imports bind, each with what it stands for.
    """

    def __init__(self, package: str) -> None:
        self.imports: list[tuple[str, Imported]] = []
        self._package = package
        self._in_class_body = False

    def visit_Import(self, node: ast.Import) -> None:
        self.imports += [(alias.asname or alias.name, Imported(alias.name)) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = importlib.util.resolve_name("." * node.level + (node.module or ""), self._package)
        for alias in node.names:
            self.imports.append((alias.asname or alias.name, Imported(module, alias.name.strip("*"))))

    def visit_If(self, node: ast.If) -> Any:
        test = node.test
        never_runs = (test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")) == "TYPE_CHECKING"
        node.body = [] if never_runs else node.body
        self.generic_visit(node)
        return node.orelse if never_runs else node

    def visit_Expr(self, node: ast.Expr) -> Any:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Pass(self, node: ast.Pass) -> None:
        """Leave it out."""

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        return self._inside(node, True)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        return self._inside(node, False)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        return self._inside(node, False)

    def _inside(self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, in_class_body: bool) -> Any:
        before, self._in_class_body = self._in_class_body, in_class_body
        vars(node).pop("type_params", None)
        if not isinstance(node, ast.ClassDef):
            node.returns = None
        self.generic_visit(node)
        self._in_class_body = before
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        self.generic_visit(node)
        if self._in_class_body:  # dataclasses read it
            return node
        return ast.Assign([node.target], node.value) if node.value else None

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(node.value)  # without the mark of u""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        self.generic_visit(node)
        node.values = list(_merged(node.values))
        return node


def _merged(values: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """Parts of an f-string, neighbouring texts as one and without empty ones."""
    text = ""
    for value in values:
        if isinstance(value, ast.Constant):
            text += str(value.value)
            continue
        if text:
            yield ast.Constant(text)
        text = ""
        yield value
    if text:
        yield ast.Constant(text)
