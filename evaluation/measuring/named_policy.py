"""Policies given by name."""

from __future__ import annotations

import os
from typing import TypeVar

from steered_env import ImpalaPolicy, load_policy

P = TypeVar("P")


def loaded(policy: P | str | os.PathLike[str]) -> P | ImpalaPolicy:
    """A policy itself, or the one that a packaged policy's name or a path stands for.

    Raises:
        OSError: if there is no such packaged policy and no such file.
        CheckpointError: if the file holds no policy that can be loaded.
    """
    return load_policy(policy) if isinstance(policy, (str, os.PathLike)) else policy
