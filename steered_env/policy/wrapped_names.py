"""The names of a network's parameters, without those of what was wrapped around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

_WRAPPERS = ("module.", "_orig_mod.")
"""Prefixes that ``DataParallel`` and its kin, and ``torch.compile``, put in front of every name."""
_MOST = 4
"""Largest number of wrappers around each other that are taken away."""
_T = TypeVar("_T")


def without_wrappers(state: Mapping[str, _T]) -> Mapping[str, _T]:
    """A state dict with the names that the network itself gives.

    Example:
        >>> without_wrappers({"module._orig_mod.fc.weight": 1, "module._orig_mod.fc.bias": 2})
        {'fc.weight': 1, 'fc.bias': 2}

    Args:
        state: A prefix is taken away only where every name has it.
    """
    for _ in range(_MOST):
        prefix = next((prefix for prefix in _WRAPPERS if all(_begins(name, prefix) for name in state)), None)
        if prefix is None or not state:
            break
        state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def _begins(name: object, prefix: str) -> bool:
    return isinstance(name, str) and name.startswith(prefix)
