"""The instructions of a piece of bytecode, and the names that it reads from outside."""

from __future__ import annotations

import dis
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, ModuleType
from typing import Any

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
"""Counts with every piece of bytecode, which differs between versions of Python."""
_READS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}


@dataclass(frozen=True)
class Reads:
    """Names that one piece of bytecode, without those inside it, reads from outside.

    Attributes:
        names: Names of globals and builtins.
        modules: Modules that it imports itself; None for one that cannot be imported.
        attributes: Every name that it uses, attributes of modules among them.
    """

    names: tuple[str, ...]
    modules: Mapping[str, ModuleType | None]
    attributes: tuple[str, ...]


def instructions_of(code: CodeType) -> Iterator[Any]:
    """Yield everything that a piece of bytecode does, without its place and layout in the source."""
    yield code.co_code
    yield getattr(code, "co_exceptiontable", b"")
    yield (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    yield (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)


def reads_of(code: CodeType, namespace: Mapping[str, Any]) -> Reads:
    """Find the names that a piece of bytecode reads.

    Args:
        code: The bytecode.
        namespace: Globals of the function that it belongs to.
    """
    names: set[str] = set()
    modules: dict[str, ModuleType | None] = {}
    constants: list[Any] = []
    for step in dis.get_instructions(code):
        if step.opname in _READS:
            names.add(step.argval)
        elif step.opname == "IMPORT_NAME":
            level = constants[-2] if len(constants) > 1 else 0
            name = _absolute(step.argval, level, namespace)
            for whole in (name, name.partition(".")[0]):
                modules[whole] = _imported(whole)
        elif step.opname == "LOAD_CONST":
            constants.append(step.argval)
    return Reads(tuple(sorted(names)), dict(sorted(modules.items())), tuple(sorted(code.co_names)))


def _absolute(name: str, level: object, namespace: Mapping[str, Any]) -> str:
    if not isinstance(level, int) or not level:
        return name
    package = namespace.get("__package__") or str(namespace.get("__name__", "")).rpartition(".")[0]
    try:
        return importlib.util.resolve_name("." * level + name, package)
    except ImportError:
        return name


def _imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except Exception:  # what the user's module raises: the function will raise it as well
        return None
