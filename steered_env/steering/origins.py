"""What a steering was made of, in plain values that go into its file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from steered_env.maze import Maze
from steered_env.policy import sb3_parts

Origin = tuple[tuple[float, Mapping[str, Any]], ...]
"""Coefficients and what they are multiplied with, each ``{"made_by": …}`` and further plain values."""

_LENGTH = 16


def origin_of(made_by: str, **details: Any) -> Origin:
    """The origin of a vector that a function has made."""
    return ((1.0, {"made_by": made_by, **details}),)


def scaled(origin: Origin, factor: float) -> Origin:
    """The origin of a multiple."""
    return tuple((coefficient * factor, source) for coefficient, source in origin)


def joined(first: Origin, second: Origin) -> Origin:
    """The origin of a sum; what both are made of is named once."""
    total = list(first)
    for coefficient, source in second:
        place = next((place for place, (_, known) in enumerate(total) if known == source), None)
        if place is None:
            total.append((coefficient, source))
        else:
            total[place] = (total[place][0] + coefficient, source)
    return tuple(term for term in total if term[0])


def plain(origin: Origin) -> list[dict[str, Any]]:
    """An origin as JSON can hold it."""
    return [{"times": coefficient, **source} for coefficient, source in origin]


def from_plain(terms: Iterable[Mapping[str, Any]]) -> Origin:
    """Read what `plain` gave."""
    return tuple(
        (float(term["times"]), {key: value for key, value in term.items() if key != "times"}) for term in terms
    )


def described_network(policy: object) -> dict[str, str]:
    """A network's class and the hash of its weights."""
    parts = sb3_parts(policy)
    module = policy if parts is None else parts.policy
    if not isinstance(module, nn.Module):
        return {"class": type(policy).__name__}
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(name.encode())
        if isinstance(value, Tensor):
            _add(digest, value)
    return {"class": getattr(policy, "adapted", type(policy).__name__), "weights": digest.hexdigest()[:_LENGTH]}


def described_input(seen: object) -> dict[str, Any]:
    """What a network looked at: a maze as text with its level, anything else by its hash."""
    if isinstance(seen, Maze):
        return {"level": seen.level, "maze": str(seen)}
    digest = hashlib.sha256()
    _add(digest, seen)
    shape = getattr(seen, "shape", None)
    return {"sha256": digest.hexdigest()[:_LENGTH], **({} if shape is None else {"shape": list(shape)})}


def _add(digest: Any, value: object) -> None:
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        value = (value.float() if value.dtype == torch.bfloat16 else value).numpy()
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype} {value.shape}".encode())
        digest.update(np.ascontiguousarray(value).data if value.size else b"")
    elif isinstance(value, Maze):
        digest.update(str(value).encode())
    elif isinstance(value, Mapping):
        for name, item in value.items():
            _add(digest, name)
            _add(digest, item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            _add(digest, item)
    else:
        digest.update(repr(value).encode())


def hash_of(values: Iterable[object]) -> str:
    """One hash of many inputs."""
    digest = hashlib.sha256()
    for value in values:
        _add(digest, value)
    return digest.hexdigest()[:_LENGTH]
