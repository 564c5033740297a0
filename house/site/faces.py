"""The reference: a page for each folder, of the names that its face lists."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

PAGES = {
    "steered_env.maze": "Mazes",
    "steered_env.envs": "Environments",
    "steered_env.policy": "Policies and checkpoints",
    "steered_env.steering": "Vectors and steering",
    "steered_env.reading": "Reading activations",
    "steered_env.sb3": "Stable-Baselines3",
    "steered_env.training": "Training",
    "steered_env.training.imitation": "Training by imitation",
    "steered_env.training.ppo": "Training by reinforcement",
    "steered_env.simulator": "The simulator",
    "evaluation": "Measuring: evaluation",
    "evaluation.results": "Results",
    "evaluation.views": "Fields, films, occupancy",
    "evaluation.measuring": "Conditions and methods",
    "evaluation.reproduction": "The study of the post",
    "evaluation.cards": "Model cards",
    "evaluation.play": "The page to play in",
    "evaluation.sb3": "Measuring while a model trains",
}
"""The folders that have a page, with its title. The others are machinery: a user needs no name of theirs."""


@dataclass(frozen=True)
class Name:
    """A public name.

    Attributes:
        path: Where a user imports it from, such as ``steered_env.Maze``.
        module: The module that defines it.
        kind: The directive of autodoc that documents it.
    """

    path: str
    module: str
    kind: str

    @property
    def short(self) -> str:
        """The name without its folders."""
        return self.path.rpartition(".")[2]


def names_of(package: str) -> list[Name]:
    """List the names of a folder's face, first those that the package's own face has as well.

    A name that the face takes from a folder with a page of its own is left to that page.
    """
    top = package.partition(".")[0]
    on_top = set(importlib.import_module(top).__all__)
    names = []
    for source, short in _imports(package):
        if (module := f"{package}.{source}") not in PAGES and source:
            value = getattr(importlib.import_module(package), short)
            if not getattr(value, "__module__", package).startswith((package, "typing", "builtins")):
                continue
            names.append(Name(f"{top}.{short}" if short in on_top else f"{package}.{short}", module, _kind(value)))
    return sorted(names, key=lambda name: (name.path != f"{top}.{name.short}", name.short.lower()))


def _imports(package: str) -> Iterator[tuple[str, str]]:
    """Read the names of a face, each with the module that it comes from."""
    stub = Path(inspect.getfile(importlib.import_module(package))).with_suffix(".pyi")
    for statement in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.ImportFrom):
            yield from ((statement.module or "", alias.asname or alias.name) for alias in statement.names)


def _kind(value: Any) -> str:
    if inspect.isclass(value):
        return "autoexception" if issubclass(value, BaseException) else "autoclass"
    return "autofunction" if inspect.isroutine(value) else "data"


def reference_page(package: str) -> str:
    """Write the page of a folder: what it is for, a table of its names, then each with its docstring."""
    title, names = PAGES[package], names_of(package)
    about = inspect.getdoc(importlib.import_module(package)) or ""
    about = "\n\n".join(part for part in about.split("\n\n") if "__init__.pyi" not in part)
    lines = [title, "=" * len(title), "", about, "", f".. currentmodule:: {package}", ""]
    lines += _table(_on_top(package) if "." not in package else names)
    for name in names:
        lines += ["", *_entry(name)]
    if inner := [page for page in PAGES if page.startswith(f"{package}.")]:
        lines += ["", ".. toctree::", "   :caption: Parts", "", *(f"   {page}" for page in inner)]
    return "\n".join(lines) + "\n"


def library_page() -> str:
    """Write the page of the library: all names of its own face, and the pages of its folders."""
    title, parts = "The library", [page for page in PAGES if page.startswith("steered_env.")]
    lines = [title, "=" * len(title), "", "All of these are imported from ``steered_env``:", ""]
    lines += _table(_on_top("steered_env"))
    return "\n".join([*lines, "", ".. toctree::", "   :caption: Parts", "", *(f"   {part}" for part in parts)]) + "\n"


def _on_top(package: str) -> list[Name]:
    """All names of a package's own face, whichever page they are on."""
    pages = [page for page in PAGES if f"{page}.".startswith(f"{package}.")]
    names = [name for page in pages for name in names_of(page) if name.path.count(".") == 1]
    return sorted(names, key=lambda name: name.short.lower())


def _table(names: Sequence[Name]) -> list[str]:
    lines = [".. list-table::", "   :widths: 35 65", "   :class: names", ""]
    for name in names:
        lines += [f"   * - :py:obj:`{name.short} <{name.path}>`", f"     - {_first_sentence(name)}"]
    return lines


def _entry(name: Name) -> list[str]:
    if name.kind != "data":
        members = ["   :members:", "   :show-inheritance:"] if name.kind == "autoclass" else []
        return [f".. {name.kind}:: {name.path}", *members]
    module = importlib.import_module(name.module)
    value = repr(getattr(module, name.short)).replace("\n", " ")
    shown = [f"   :value: {value}"] if len(value) <= 100 and " at 0x" not in value else []
    return [f".. py:data:: {name.path}", *shown, "", *(f"   {line}" for line in _text_of(name).splitlines())]


def _first_sentence(name: Name) -> str:
    paragraph = _text_of(name).strip().partition("\n\n")[0].replace("\n", " ")
    return paragraph.partition(". ")[0].removesuffix(".") + "."


def _text_of(name: Name) -> str:
    """Return the docstring of a name; of a constant the text that stands under it."""
    if name.kind != "data":
        return inspect.getdoc(getattr(importlib.import_module(name.module), name.short)) or _missing(name)
    body = ast.parse(inspect.getsource(importlib.import_module(name.module))).body
    for statement, following in pairwise(body):
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        named = any(isinstance(target, ast.Name) and target.id == name.short for target in targets)
        if named and isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            return inspect.cleandoc(str(following.value.value))
    return _missing(name)


def _missing(name: Name) -> str:
    raise ValueError(f"{name.path} is public, so {name.module} must say what it is: write a docstring under it")
