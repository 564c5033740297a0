"""Fingerprints: short hashes of policies, steerings, mazes and functions, by what they are made of."""

from __future__ import annotations

import functools
import hashlib
import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from torch import Tensor, nn

_LENGTH = 16
_OURS = ("steered_env", "evaluation")
_PLAIN = (type(None), bool, int, float, complex, str, bytes)


def fingerprint(value: object) -> str:
    """A hash of a value's content: 16 hexadecimal digits, the same in every process.

    Tensors and arrays count with every bit, a torch module with its class and its ``state_dict``, a dataclass with its
    fields. A function counts with its name, source, defaults and whatever it closes over; one of this package with its
    name alone, since versions are compared as well. *What a function reads from its module's globals is not seen.*

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
    return walk.digest.hexdigest()[:_LENGTH]


class _Walk:
    """Feeds a value to a hash, part by part, each with its kind."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self._functions: dict[int, int] = {}

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
            self._note("module", _name(type(value)))
            self.add(dict(value.state_dict()))
        elif not self._added_as_parts(value) and not self._added_as_function(value):
            raise ValueError(
                f"{value!r} has no fingerprint, so that a run in a folder could not tell whether it is still the same "
                "when it goes on: use plain values, tensors, mazes, dataclasses of these, a Steering, or a function "
                "that is written in a file; or measure without a folder"
            )

    def _added_as_parts(self, value: Any) -> bool:
        if isinstance(value, (Mapping, set, frozenset)):
            items = value.items() if isinstance(value, Mapping) else value
            parts: list[Any] = sorted(fingerprint(item) for item in items)
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
        self._note("parts", _name(type(value)), str(len(parts)))
        for part in parts:
            self.add(part)
        return True

    def _added_as_function(self, value: object) -> bool:
        if isinstance(value, types.MethodType):
            self.add(value.__self__)
            return self._added_as_function(value.__func__)
        if isinstance(value, (type, types.BuiltinFunctionType)):
            self._note("named", _name(value))
            return True
        if not isinstance(value, types.FunctionType):
            return False
        self._note("function", _name(value))
        if id(value) in self._functions or value.__module__.split(".")[0] in _OURS:
            return True
        self._functions[id(value)] = len(self._functions)
        self._note("source", _source(value))
        for part in (value.__defaults__, value.__kwdefaults__, *_closed_over(value)):
            self.add(part)
        return True

    def _note(self, *texts: str) -> None:
        for text in texts:
            encoded = text.encode()
            self.digest.update(len(encoded).to_bytes(8, "little") + encoded)


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def _source(function: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        raise ValueError(
            f"the source of {_name(function)} cannot be read, so that a run in a folder could not tell whether it is "
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
