"""Fingerprints: short hashes of policies, steerings, mazes and functions, by what they are made of."""

from __future__ import annotations

import functools
import hashlib
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from steered_env.provenance import entry_name

from .foreign_modules import OURS, attributes_of, foreign_classes, functions_of

_LENGTH = 16
_PLAIN = (type(None), bool, int, float, complex, str, bytes, torch.dtype, torch.device)


def fingerprint(value: object) -> str:
    """A hash of a value's content: 16 hexadecimal digits, the same in every process.

    Tensors and arrays count with every bit, a torch module with its class and its ``state_dict``, a dataclass with its
    fields. A function counts with its name, source, defaults and whatever it closes over; one of this package with its
    name alone, since its code is compared as well. A module whose class, or a part's, is neither torch's nor this
    package's counts with that class's source and functions too, with its plain attributes, and with the settings that
    torch's own parts of it print. *What a function reads from its module's globals is not seen, nor are hooks, nor
    whether a module is in training mode.*

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


def own_code(value: object) -> frozenset[str]:
    """The classes and functions of this project in a value, as entry points of `code_fingerprint`.

    Raises:
        ValueError: as `fingerprint`.
    """
    walk = _Walk()
    walk.add(value)
    return frozenset(walk.own)


class _Walk:
    """Feeds a value to a hash, part by part, each with its kind."""

    def __init__(self, inside: Sequence[nn.Module] = ()) -> None:
        self.digest = hashlib.sha256()
        self.own: set[str] = set()
        """This project's classes and functions that were met, as ``module:name``."""
        self._functions: set[int] = set()
        self._inside = list(inside)
        """The modules that are being added, the outermost first: one that leads back to itself is not entered again."""

    def add(self, value: object) -> None:
        if isinstance(value, np.generic):
            self.add(value.item())
        elif isinstance(value, _PLAIN):
            self._note(type(value).__name__, repr(value))
        elif isinstance(value, Tensor):
            self.add(value.detach().cpu().contiguous().numpy())
        elif isinstance(value, np.ndarray) and value.dtype != object:
            self._note("array", str(value.dtype), str(value.shape))
            self.digest.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, nn.Module):
            self._add_module(value)
        elif not self._added_as_parts(value) and not self._added_as_function(value):
            raise ValueError(
                f"{value!r} has no fingerprint, so that a run in a folder could not tell whether it is still the same "
                "when it goes on: use plain values, tensors, mazes, dataclasses of these, a Steering, or a function "
                "that is written in a file; or measure without a folder"
            )

    def _add_module(self, module: nn.Module) -> None:
        if any(one is module for one in self._inside):
            self._note("again", str([one is module for one in self._inside].index(True)))
            return
        self._note("module", self._name(type(module)))
        self.add(dict(module.state_dict()))
        parts = dict(module.named_modules())
        if any(foreign_classes(type(part)) for part in parts.values()):
            self._inside.append(module)
            for name, part in parts.items():
                self._note("part", name, self._name(type(part)))
                self._add_beside_state(part)
            self._inside.pop()

    def _add_beside_state(self, module: nn.Module) -> None:
        classes = foreign_classes(type(module))
        if not classes:
            self._note("settings", module.extra_repr())
            return
        for one in classes:
            self._note("class", self._name(one), _source(one))
            for function in functions_of(one):
                self.add(function)
        for name, value in sorted(attributes_of(module).items()):
            self._note("attribute", name)
            try:
                self.add(value)
            except ValueError as error:
                raise ValueError(f"attribute {name} of {_name(type(module))}: {error}") from None

    def _added_as_parts(self, value: Any) -> bool:
        if isinstance(value, (Mapping, set, frozenset)):
            items = value.items() if isinstance(value, Mapping) else value
            parts: list[Any] = sorted(self._apart(item) for item in items)
        elif isinstance(value, range):
            parts = [value.start, value.stop, value.step]
        elif isinstance(value, (list, tuple)):
            parts = list(value)
        elif isinstance(value, functools.partial):
            parts = [value.func, value.args, value.keywords]
        elif is_dataclass(value) and not isinstance(value, type):
            parts = [(one.name, getattr(value, one.name)) for one in fields(value)]
        else:
            return False
        self._note("parts", self._name(type(value)), str(len(parts)))
        for part in parts:
            self.add(part)
        return True

    def _added_as_function(self, value: object) -> bool:
        if isinstance(value, types.MethodType):
            self.add(value.__self__)
            return self._added_as_function(value.__func__)
        if isinstance(value, (type, types.BuiltinFunctionType)):
            self._note("named", self._name(value))
            return True
        if not isinstance(value, types.FunctionType):
            return False
        self._note("function", self._name(value))
        if id(value) in self._functions or value.__module__.split(".")[0] in OURS:
            return True
        self._functions.add(id(value))
        self._note("source", _source(value))
        for part in (value.__defaults__, value.__kwdefaults__, *_closed_over(value)):
            self.add(part)
        return True

    def _apart(self, value: object) -> str:
        walk = _Walk(self._inside)
        walk.own = self.own
        walk.add(value)
        return walk.result

    def _name(self, value: Any) -> str:
        kinds = value.__mro__ if isinstance(value, type) else (value,)
        self.own |= {entry_name(kind) for kind in kinds if kind.__module__.split(".")[0] in OURS}
        return _name(value)

    @property
    def result(self) -> str:
        return self.digest.hexdigest()[:_LENGTH]

    def _note(self, *texts: str) -> None:
        for text in texts:
            encoded = text.encode()
            self.digest.update(len(encoded).to_bytes(8, "little") + encoded)


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def _source(written: Callable[..., Any] | type) -> str:
    try:
        return inspect.getsource(written)
    except (OSError, TypeError):
        raise ValueError(
            f"the source of {_name(written)} cannot be read, so that a run in a folder could not tell whether it is "
            "still the same when it goes on: write it in a file, or measure without a folder"
        ) from None


def _closed_over(function: types.FunctionType) -> list[object]:
    cells = []
    for cell in function.__closure__ or ():
        try:
            cells.append(cell.cell_contents)
        except ValueError:  # not yet assigned
            cells.append(None)
    return cells
