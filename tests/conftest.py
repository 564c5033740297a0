"""Shared fixtures: everything here is the real simulator and real policies."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from steered_env import ImpalaPolicy, Maze, load_policy

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def reference_policy() -> ImpalaPolicy:
    """The policy that the reference rates belong to."""
    return load_policy(DATA / "reference_policy.safetensors")


@pytest.fixture(scope="session")
def reference_rates() -> pd.DataFrame:
    """Rates of the reference policy, written by another program."""
    return pd.read_csv(DATA / "reach_rates_reference.csv")


@pytest.fixture(scope="session")
def small() -> ImpalaPolicy:
    """The shipped policy."""
    return load_policy("small")


@pytest.fixture(scope="session")
def mazes() -> list[Maze]:
    """Levels 0 to 59."""
    return Maze.from_levels(range(60))
