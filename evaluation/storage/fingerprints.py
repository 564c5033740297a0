"""Fingerprints: short hashes of policies, steerings, mazes and functions, by what they are made of."""

from __future__ import annotations

import builtins
import enum
import functools
import hashlib
import inspect
import logging
import operator
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._contextlib import _DecoratorContextManager

from .code_reads import PYTHON, instructions_of, reads_of
from .foreign_modules import attributes_of, foreign_classes, hooks_of, hooks_of_all_modules, overridden_in
from .origins import is_ours, package_of, recorded_name

_LENGTH = 16
_PLAIN = (
    type(None), bool, int, float, complex, str, bytes, bytearray, slice, PurePath, type(...), type(NotImplemented),
    torch.dtype, torch.device, torch.layout, torch.memory_format,
)  # fmt: skip
_CALLED_BY_NAME = (
    types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType,
    np.ufunc,
)  # fmt: skip
_IN_WORDS = (types.GenericAlias, types.UnionType, typing.TypeVar, type(typing.Optional[int]), type(typing.List[int]))  # noqa: UP006, UP045
_GETTERS = (operator.itemgetter, operator.attrgetter, operator.methodcaller)
_SPACES, _DISTRIBUTIONS = "gymnasium.spaces.space", "stable_baselines3.common.distributions"
_MADE_BY_PYTHON = frozenset(
    [
        "__dict__",
        "__weakref__",
        "__doc__",
        "__module__",
        "__qualname__",
        "__annotations__",
        "__annotate__",
        "__firstlineno__",
        "__slots__",
        "__static_attributes__",
        "__abstractmethods__",
        "_abc_impl",
        "__dataclass_fields__",
        "__dataclass_params__",
        "__orig_bases__",
        "__parameters__",
        "__type_params__",
        "__annotations_cache__",
        "__annotate_func__",
        "__conditional_annotations__",
    ]
)
_MISSING = object()


def fingerprint(value: object) -> str:
    """A hash of a value's content: 16 hexadecimal digits, the same in every process.

    Tensors and arrays count with every bit, a torch module with its class, ``state_dict`` and hooks, a dataclass with
    the fields that count when two are compared. The user's own functions and classes count with what runs, not with how
    it is written: their bytecode, defaults, attributes, what they close over, and, followed further in the same way,
    every global, function, class and attribute of a module that the bytecode reads by its name. Code of installed
    packages counts with its name and the package's version, that of this package with its name: how that runs is
    compared elsewhere. Bytecode differs between versions of Python, so that the user's functions are the same only
    under the same one. A module whose class, or a part's, is neither torch's nor this package's counts with that class
    too, with its plain attributes, and with the settings that torch's own parts of it print. Whether a module is in
    training mode does not count.

    *What a function reaches by a name that it computes, with* ``getattr``, ``eval`` *or from a file, is not seen.*

    Example:
        >>> from steered_env import load_policy
        >>> fingerprint(load_policy()) == fingerprint(load_policy())
        True
        >>> fingerprint((1, "a")) == fingerprint((1, "b"))
        False

    Raises:
        ValueError: if it, or a part of it, is of a kind whose content cannot be known; names it.
    """
    walk = _Walk()
    walk.add(value)
    return walk.result


def own_modules(value: object) -> frozenset[str]:
    """The modules of this project whose classes and functions are in a value.

    Raises:
        ValueError: as `fingerprint`.
    """
    walk = _Walk()
    walk.add(value)
    return frozenset(walk.own)


class _Walk:
    """Feeds a value to a hash, part by part, each with its kind.

    Args:
        outer: The walk that this one is a part of.
    """

    def __init__(self, outer: _Walk | None = None) -> None:
        self.digest = hashlib.sha256()
        self.own: set[str] = outer.own if outer else set()
        """Modules of this project's classes and functions that were met."""
        self._seen: list[object] = list(outer._seen) if outer else []
        """Functions, classes and modules that were added before; they are not entered again."""
        self._inside: list[object] = list(outer._inside) if outer else []
        """Values that are being added, the outermost first; one that leads back to itself is not entered again."""

    @property
    def result(self) -> str:
        return self.digest.hexdigest()[:_LENGTH]

    def add(self, value: object) -> None:
        if isinstance(value, np.generic):
            value = value.item()
        if not isinstance(value, (type, nn.Module, types.FunctionType)) and package_of(type(value).__module__) is None:
            self._add_class(type(value))
        if isinstance(value, enum.Enum):
            self._note("enum", self._name(type(value)), value.name)
            self.add(value.value)
        elif isinstance(value, _PLAIN):
            self._note(type(value).__name__, repr(value))
        elif isinstance(value, Tensor):
            self._add_tensor(value.detach().cpu().contiguous())
        elif isinstance(value, np.ndarray) and value.dtype != object:
            self._note("array", str(value.dtype), str(value.shape))
            self.digest.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, nn.Module):
            self._add_module(value)
        elif not self._added_as_parts(value) and not self._added_as_code(value):
            raise ValueError(
                f"{value!r} has no fingerprint, so that a run in a folder could not tell whether it is still the same "
                "when it goes on: use plain values, tensors, mazes, dataclasses of these, a Steering, or a function "
                "that reads such values; or measure without a folder"
            )

    def _add_tensor(self, tensor: Tensor) -> None:
        try:
            self.add(tensor.numpy())
        except TypeError:  # numpy lacks some of torch's numbers, such as bfloat16
            self._note("tensor", str(tensor.dtype), str(tuple(tensor.shape)))
            self.add(tensor.reshape(-1).view(torch.uint8).numpy())

    def _add_module(self, module: nn.Module) -> None:
        with self._entered(module) as entered:
            if not entered:
                return
            self._note("module", self._name(type(module)))
            self.add(dict(module.state_dict()))
            parts = dict(module.named_modules())
            for kind, hook in hooks_of_all_modules():
                self._add_named("hook of all modules", kind, hook)
            for name, part in parts.items():
                for kind, hook in hooks_of(part):
                    self._add_named("hook", f"{name or 'the module itself'}: {kind}", hook)
            if any(foreign_classes(type(part)) for part in parts.values()):
                for name, part in parts.items():
                    self._note("part", name, self._name(type(part)))
                    self._add_beside_state(part)
            else:
                for name, part in parts.items():
                    for method, function in overridden_in(part):
                        self._add_named("method", f"{name}.{method}", function)

    def _add_beside_state(self, module: nn.Module) -> None:
        if not foreign_classes(type(module)):
            self._note("settings", module.extra_repr())
            for method, function in overridden_in(module):
                self._add_named("method", method, function)
            return
        self._add_class(type(module))
        for name, value in sorted(attributes_of(module).items()):
            self._note("attribute", name)
            with _naming(f"attribute {name} of {self._name(type(module))}"):
                self.add(value)

    def _added_as_parts(self, value: Any) -> bool:
        parts: list[Any] | None = None
        if isinstance(value, (Mapping, set, frozenset)):
            items = value.items() if isinstance(value, Mapping) else value
        elif isinstance(value, range):
            parts = [value.start, value.stop, value.step]
        elif isinstance(value, (list, tuple)):
            parts = list(value)
        elif isinstance(value, functools.partial):
            parts = [value.func, value.args, value.keywords]
        elif is_dataclass(value) and not isinstance(value, type):
            counting = [field.name for field in fields(value) if field.compare]
            parts = [part for name in counting for part in _recorded(name, getattr(value, name))]
        elif isinstance(value, (types.SimpleNamespace, _DecoratorContextManager)):
            parts = sorted(vars(value).items())
        else:
            return False
        with self._entered(value) as entered:
            if entered:
                if parts is None:
                    parts = sorted(self._apart(item) for item in items)
                self._note("parts", self._name(type(value)), str(len(parts)))
                for part in parts:
                    self.add(part)
        return True

    def _added_as_code(self, value: Any) -> bool:
        if isinstance(value, types.MethodType):
            self.add(value.__self__)
            return self._added_as_code(value.__func__)
        if isinstance(value, type):
            self._note("named", self._name(value))
            self._add_class(value)
        elif isinstance(value, _CALLED_BY_NAME):
            self._note("named", str(getattr(value, "__module__", "")), getattr(value, "__qualname__", value.__name__))
            owner = getattr(value, "__self__", None)
            if not isinstance(owner, (type(None), types.ModuleType)):
                self.add(owner)
        elif isinstance(value, types.FunctionType):
            self._add_function(value)
        elif isinstance(value, types.ModuleType):
            self._add_import(value, ())
        else:
            return self._added_as_known_kind(value)
        return True

    def _added_as_known_kind(self, value: Any) -> bool:
        """Objects of Python's own libraries whose content is known."""
        if isinstance(value, _GETTERS):
            self.add(value.__reduce__())
        elif isinstance(value, re.Pattern):
            self.add((value.pattern, value.flags))
        elif isinstance(value, ContextVar):
            self.add((value.name, value.get(None)))
        elif isinstance(value, logging.Logger):
            self._note("logger", value.name)
        elif type(value).__module__ == "dataclasses":  # the marks that it puts in place of a default
            self._note("mark", self._name(type(value)))
        elif isinstance(value, _IN_WORDS):
            self._note("type", repr(value))
        elif _is_derived_from(value, _SPACES):
            self._note("space", repr(value))
        elif _is_derived_from(value, _DISTRIBUTIONS):  # what it holds as `distribution` was made for the last frames
            self._note("distribution", self._name(type(value)))
            self.add({name: kept for name, kept in vars(value).items() if name != "distribution"})
        elif isinstance(getattr(value, "__wrapped__", None), types.FunctionType):
            self._note("wrapped", self._name(type(value)))
            self.add(value.__wrapped__)
        else:
            return False
        return True

    def _add_function(self, function: types.FunctionType) -> None:
        self._note("function", self._name(function))
        written_in = function.__globals__.get("__name__")  # a wrapper calls itself after what it wraps
        package = package_of(written_in)
        if package is not None and not is_ours(written_in):
            self._note("package", package)
        if package is not None and not function.__closure__:
            return
        if self._is_seen(function):
            return
        if package is None:
            self._add_code(function.__code__, function)
            self.add((function.__defaults__, function.__kwdefaults__))
            with _naming(f"attribute of {self._name(function)}"):
                self.add(vars(function))
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self._note("closes over", name)
            with _naming(f"{name} of {self._name(function)}"):
                self.add(_content_of(cell))

    def _add_code(self, code: types.CodeType, function: types.FunctionType) -> None:
        """Bytecode, all bytecode inside it, and what they read from the function's module."""
        self._note("code", PYTHON)
        for part in instructions_of(code):
            self.add(part)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._add_code(constant, function)
            else:
                self.add(constant)
        space = function.__globals__
        reads = reads_of(code, space)
        for name in reads.names:
            value = space.get(name, vars(builtins).get(name, _MISSING))
            if isinstance(value, types.ModuleType):
                self._note("global", name)
                self._add_import(value, reads.attributes)
            elif value is not _MISSING:
                self._add_named("global", name, value, of=function)
        for name, module in reads.modules.items():
            self._note("import", name)
            if module is not None:
                self._add_import(module, reads.attributes)

    def _add_import(self, module: types.ModuleType, names: Iterable[str]) -> None:
        """A module with those of its attributes that are used, as far as they are the user's."""
        package = package_of(module.__name__)
        self._note("import", module.__name__, package or "")
        if package is not None:
            return
        with self._entered(module) as entered:
            for name in names if entered else ():
                value = vars(module).get(name, _MISSING)
                if isinstance(value, types.ModuleType):
                    self._add_import(value, names)
                elif value is not _MISSING:
                    self._add_named("attribute", name, value, of=module)

    def _add_class(self, kind: type) -> None:
        """A class and those that it is derived from, each with its members if it is the user's."""
        self._name(kind)
        for parent in kind.__mro__:
            package = package_of(parent.__module__)
            if package is not None:
                if not is_ours(parent.__module__):
                    self._note("class", self._name(parent), package)
            elif not self._is_seen(parent):
                self._note("class", self._name(parent))
                for name, member in sorted(vars(parent).items()):
                    if name not in _MADE_BY_PYTHON:
                        self._add_member(parent, name, member)

    def _add_member(self, kind: type, name: str, member: Any) -> None:
        self._note("member", name, type(member).__name__)
        inside = [member]
        if isinstance(member, (staticmethod, classmethod)):
            inside = [member.__func__]
        elif isinstance(member, property):
            inside = [member.fget, member.fset, member.fdel]
        elif isinstance(member, functools.cached_property):
            inside = [member.func]
        elif inspect.ismemberdescriptor(member) or inspect.isgetsetdescriptor(member):
            return
        elif type(member).__name__ == "_tuplegetter":  # a field of a named tuple, known by its place
            inside = [member.__reduce__()[1][0]]
        elif isinstance(member, enum.Enum) and isinstance(member, kind):
            inside = [member.value]
        for part in inside:
            self._add_named("member", name, part, of=kind)

    def _add_named(self, what: str, name: str, value: object, of: Any = None) -> None:
        self._note(what, name)
        owner = getattr(of, "__qualname__", getattr(of, "__name__", ""))
        with _naming(f"{what} {name} of {owner}" if owner else f"{what} {name}"):
            self.add(value)

    def _apart(self, value: object) -> str:
        walk = _Walk(self)
        walk.add(value)
        return walk.result

    def _name(self, value: Any) -> str:
        kinds = value.__mro__ if isinstance(value, type) else (value,)
        self.own |= {kind.__module__ for kind in kinds if is_ours(kind.__module__)}
        return recorded_name(value)

    def _is_seen(self, value: object) -> bool:
        """Tell whether a function or class was added before; if so, note which one it was."""
        for place, known in enumerate(self._seen):
            if known is value:
                self._note("again", str(place))
                return True
        self._seen.append(value)
        return False

    @contextmanager
    def _entered(self, value: object) -> Iterator[bool]:
        """Yield whether a value may be entered, since it is not inside itself; if it is, note that."""
        for place, outer in enumerate(self._inside):
            if outer is value:
                self._note("again", str(place))
                yield False
                return
        self._inside.append(value)
        yield True
        self._inside.pop()

    def _note(self, *texts: str) -> None:
        for text in texts:
            encoded = text.encode(errors="surrogatepass")
            self.digest.update(len(encoded).to_bytes(8, "little") + encoded)


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Add to an error where the value stands that has no fingerprint."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _recorded(name: str, value: Any) -> Iterable[tuple[str, object]]:
    """A field of a dataclass as it counts: as itself, or as the fields that older runs recorded in its place."""
    recorded_fields = getattr(type(value), "recorded_fields", None)
    return [(name, value)] if recorded_fields is None else recorded_fields(value).items()


def _is_derived_from(value: object, module: str) -> bool:
    """Tell whether one of a value's classes is of a module, which need not be imported."""
    return any(kind.__module__ == module for kind in type(value).__mro__)


def _content_of(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not yet assigned
        return None
