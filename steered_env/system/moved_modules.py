"""Errors that name the new place of a module, or the new name of a function, that was documented under another one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_NOW = {
    "evaluation.conditions": "evaluation.measuring",
    "evaluation.held_out_rates": "evaluation.cards",
    "evaluation.reproduce": "evaluation.reproduction",
    "evaluation.statistics": "evaluation.results",
    "steered_env.envs.sb3_vec_env": "steered_env.sb3",
    "steered_env.policy.sb3_extractor": "steered_env.sb3",
    "steered_env.policy.sb3_moves": "steered_env.sb3",
}


class _Moved(MetaPathFinder):
    """Comes last among the finders, so that it is asked for nothing that exists."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise for a module that has moved; know nothing of any other."""
        if fullname in _NOW:
            raise ModuleNotFoundError(f"there is no {fullname}: its names are in {_NOW[fullname]}", name=fullname)
        return None


def name_new_places() -> None:
    """Let an import of an old path say what the new one is."""
    if not any(isinstance(finder, _Moved) for finder in sys.meta_path):
        sys.meta_path.append(_Moved())


def naming_new_names(package: str, attribute: Callable[[str], Any], now: Mapping[str, str]) -> Callable[[str], Any]:
    """Let a package's ``__getattr__`` say what a name that it had is called now.

    Args:
        package: The package's dotted name.
        attribute: Its ``__getattr__`` for all other names.
        now: The new name of each old one.
    """

    def renamed(name: str) -> Any:
        if name in now:
            raise ImportError(f"there is no {name} in {package}: it is {now[name]} now", name=package)
        return attribute(name)

    return renamed
