"""The tensors inside what a layer puts out: a tensor, or a tuple, list, dict or dataclass that holds some."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from torch import Tensor

from .layers import Entries, LayerError, Place

_LISTED = 4


def tensor_at(output: object, place: Place) -> Tensor:
    """The tensor that a layer's name means in what its module put out.

    Raises:
        LayerError: if there is none, or it holds no numbers that a steering can be added to; names those that there
            are.
    """
    value = output
    for depth, entry in enumerate(place.entries):
        parts = dict(_parts(value))
        if entry not in parts:
            here = Place(place.module, place.entries[:depth])
            raise LayerError(f"layer '{here}' puts out {_kind(value)}, without {entry!r}: {_ways(output, place)}")
        value = parts[entry]
    if not isinstance(value, Tensor):
        raise LayerError(f"layer '{place}' puts out {_kind(value)}, not one tensor: {_ways(output, place)}")
    if not value.is_floating_point():
        raise LayerError(
            f"layer '{place}' puts out {value.dtype}: only floating-point activations can be read and steered"
        )
    return value


def with_tensor(output: object, entries: Entries, tensor: Tensor) -> Any:
    """A copy of an output with another tensor in one place; an output that is a tensor becomes the other itself."""
    if not entries:
        return tensor
    entry, rest = entries[0], entries[1:]
    part = with_tensor(dict(_parts(output))[entry], rest, tensor)
    if isinstance(output, Mapping):
        changed: Any = copy.copy(output)
        changed[entry] = part
        return changed
    if isinstance(output, (tuple, list)):
        items = [part if index == entry else item for index, item in enumerate(output)]
        return type(output)(*items) if hasattr(output, "_fields") else type(output)(items)
    return replace(output, **{str(entry): part})  # type: ignore[type-var]


def _parts(value: object) -> Iterator[tuple[Any, object]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, (tuple, list)):
        yield from enumerate(value)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from ((field.name, getattr(value, field.name)) for field in fields(value))


def _tensors(value: object, place: Place) -> Iterator[Place]:
    """The places of all floating-point tensors in an output."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            yield place
        return
    for entry, part in _parts(value):
        yield from _tensors(part, Place(place.module, (*place.entries, entry)))


def _ways(output: object, place: Place) -> str:
    """What to write instead."""
    names = [str(inside) for inside in _tensors(output, Place(place.module))]
    if not names:
        return "it can be neither read nor steered; choose a layer inside it"
    return f"name one of its tensors, {', '.join(names[:_LISTED])}{', …' * (len(names) > _LISTED)}"


def _kind(value: object) -> str:
    return "one tensor" if isinstance(value, Tensor) else type(value).__name__
