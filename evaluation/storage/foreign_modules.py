"""The parts of a torch module beside its ``state_dict``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from typing import Any

from torch import nn
from torch.nn.modules import module as of_all_modules
from torch.optim import Optimizer

from .origins import is_compared

_MACHINERY = frozenset(vars(nn.Module())) | {"_compiled_call_impl"}
"""Attributes that every module has: parameters, buffers, submodules, hooks and ``training``."""
_HOOKS = ("_forward_pre_hooks", "_forward_hooks")


def foreign_classes(kind: type) -> list[type]:
    """A class and those that it is derived from, without Python's own and those of packages that every run compares."""
    return [parent for parent in kind.__mro__ if not is_compared(parent.__module__)]


def hooks_of(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """The functions that run before and after a module's own ``forward``, in their order, with their kind."""
    for kind in _HOOKS:
        for key, hook in getattr(module, kind).items():
            with_keywords = key in getattr(module, f"{kind}_with_kwargs")
            yield f"{kind}{' with keywords' * with_keywords}", hook


def hooks_of_all_modules() -> Iterator[tuple[str, Any]]:
    """The functions that run before and after the ``forward`` of every module there is."""
    for kind in _HOOKS:
        for hook in getattr(of_all_modules, f"_global{kind}").values():
            yield kind, hook


def overridden_in(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of a module that stand in place of a method of its class."""
    for name, value in sorted(vars(module).items()):
        if name not in _MACHINERY and callable(value) and callable(getattr(type(module), name, None)):
            yield name, value


def attributes_of(module: nn.Module) -> dict[str, Any]:
    """Attributes that an instance of a foreign class keeps for itself: plain ones, and buffers that are not saved.

    Without results that a ``cached_property`` keeps there, which follow from the rest, and without optimizers, which
    change weights but nothing that is made of them.
    """
    kept = {name: module.get_buffer(name) for name in module._non_persistent_buffers_set}
    for name, value in vars(module).items():
        made_by = inspect.getattr_static(type(module), name, None)
        decides = not isinstance(made_by, functools.cached_property) and not isinstance(value, Optimizer)
        if name not in _MACHINERY and decides:
            kept[name] = value
    return kept
