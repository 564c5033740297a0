"""What a torch module is made of beside its ``state_dict``, where its class is neither torch's nor this package's."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from torch import nn

OURS = ("steered_env", "evaluation")
_KNOWN = ("torch", *OURS, "builtins", "abc", "typing")
"""Packages whose classes count with their names: their versions are compared as well."""
_MACHINERY = frozenset(vars(nn.Module())) | {"_compiled_call_impl"}
"""Attributes that every module has: parameters, buffers, submodules, hooks and ``training``."""


def foreign_classes(kind: type) -> list[type]:
    """A class and those that it is derived from, without torch's, this package's and Python's own."""
    return [one for one in kind.__mro__ if one.__module__.split(".")[0] not in _KNOWN]


def functions_of(kind: type) -> Iterator[FunctionType]:
    """The functions that a class itself defines, by name, without what they are decorated with."""
    for _, member in sorted(vars(kind).items()):
        inside: list[Any] = [member]
        if isinstance(member, property):
            inside = [member.fget, member.fset, member.fdel]
        elif isinstance(member, functools.cached_property):
            inside = [member.func]
        for function in map(inspect.unwrap, inside):
            if isinstance(function, FunctionType):
                yield function


def attributes_of(module: nn.Module) -> dict[str, Any]:
    """What an instance of a foreign class keeps for itself: plain attributes, and buffers that are not saved.

    Without results that a ``cached_property`` keeps there: they follow from the rest.
    """
    kept = {name: module.get_buffer(name) for name in module._non_persistent_buffers_set}
    for name, value in vars(module).items():
        made_by = inspect.getattr_static(type(module), name, None)
        if name not in _MACHINERY and not isinstance(made_by, functools.cached_property):
            kept[name] = value
    return kept
