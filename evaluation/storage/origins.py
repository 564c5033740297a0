"""Tells the user's code, which may change at any time, from that of packages, which their versions tell."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import Any

_OURS = ("steered_env", "evaluation")
_COMPARED = ("torch", "numpy", "scipy", *_OURS)
"""Packages whose versions every run compares, so that they count with their names."""
_RECORDED_AS = {
    "evaluation.measuring.conditions": "evaluation.conditions",
    "evaluation.measuring.vectors": "evaluation.conditions",
    "evaluation.measuring.uniform_policy": "evaluation.uniform",
    "steered_env.sb3.extractor": "steered_env.policy.sb3_extractor",
    "steered_env.sb3.moves": "steered_env.policy.sb3_moves",
}
"""Modules that count under another name than theirs: runs that are to go on recorded their classes under that one."""
_INSTALLED = ("/site-packages/", "/dist-packages/")


def package_of(module: str | None) -> str | None:
    """The package that a module belongs to, with its version where runs do not compare that; None if it is the user's.

    Example:
        >>> package_of("torch.nn.functional"), package_of("__main__")
        ('torch', None)

    Args:
        module: Dotted name of the module; one that is not imported is the user's.
    """
    top = (module or "").partition(".")[0]
    if is_compared(module):
        return top
    if top == "__main__":
        return None
    file = getattr(sys.modules.get(module or ""), "__file__", None) or ""
    return _with_version(top) if any(part in file for part in _INSTALLED) else None


def recorded_name(value: Any) -> str:
    """Name a class or function as runs record it: its module and qualified name."""
    return f"{_RECORDED_AS.get(value.__module__, value.__module__)}.{value.__qualname__}"


def is_compared(module: str | None) -> bool:
    """Tell whether a module is Python's own, or of a package whose version every run compares."""
    top = (module or "").partition(".")[0]
    return top != "__main__" and (top in _COMPARED or top in sys.stdlib_module_names)


def is_ours(module: str | None) -> bool:
    """Tell whether a module is of this package."""
    return (module or "").partition(".")[0] in _OURS


@functools.cache
def _with_version(top: str) -> str:
    for name in _distributions(top):
        try:
            return f"{top} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
    return f"{top} {getattr(sys.modules.get(top), '__version__', '')}"


def _distributions(top: str) -> Iterator[str]:
    yield top
    yield from metadata.packages_distributions().get(top, ())  # reads what is installed, for seconds
