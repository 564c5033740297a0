"""The claims of the post, one module each, with a `Claim` called ``CLAIM``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection

from evaluation.reproduction.claim import Claim


def all_claims() -> list[Claim]:
    """All claims, in the order of the page."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return sorted((module.CLAIM for module in modules), key=lambda claim: claim.number)


def chosen_claims(names: Collection[str] | None, *, quick: bool = False) -> list[Claim]:
    """Choose claims by name; None for all, or for those that the mazes of ``--quick`` can decide something of.

    Raises:
        ValueError: if there is no claim of a name; lists those there are.
    """
    known = all_claims()
    if names is None:
        return [claim for claim in known if claim.quick or not quick]
    if unknown := [name for name in names if name not in {claim.name for claim in known}]:
        raise ValueError(f"there is no claim {unknown[0]!r}; there are {', '.join(claim.name for claim in known)}")
    if not names:
        raise ValueError("name at least one claim")
    return [claim for claim in known if claim.name in names]
