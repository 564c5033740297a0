"""Shared fixtures: everything here is the real simulator and real policies."""

from __future__ import annotations

import gc
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["OMP_NUM_THREADS"] = "1"  # for torch, here and in processes that tests start: as many run as there are cores
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # once Ray has run here, its handlers kill processes that tests fork
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "5" * 64}  # read once, by whichever test imports Ray first

# isort: split
import pytest

from steered_env.simulator import load_maze_images_alone
from tests.chromium import chromium

if TYPE_CHECKING:
    import pandas as pd
    from selenium import webdriver

    from steered_env import ImpalaPolicy, Maze

load_maze_images_alone()  # no test plays another game

DATA = Path(__file__).parent / "data"
LONGEST_FILES = (
    "test_on_ray.py", "test_page_in_browser.py", "test_cli.py", "test_page.py", "test_site.py", "test_reference.py",
    "test_model_card.py", "test_examples.py", "test_runs.py", "test_documentation.py", "test_exploration.py",
    "test_reproduce.py", "test_imitation.py", "test_claims.py", "test_ppo.py", "test_packaged.py", "test_session.py",
    "test_evaluate.py", "test_fuzzing.py", "test_targets.py", "test_extractor.py", "test_changed_networks.py",
    "test_fields_and_films.py", "test_faults.py", "test_startup.py", "test_sb3_models.py", "test_shipped_policy.py",
    "test_figures.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no worker is left with one of them at the end."""
    places = {name: place for place, name in enumerate(LONGEST_FILES)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


def _load_policy(name: str | Path) -> ImpalaPolicy:
    from steered_env import load_policy  # here, so that the process that only hands out tests need not import torch

    return load_policy(name)


def pytest_collection_finish() -> None:
    """What is imported by now stays: garbage is not looked for in it again, here and in processes that tests fork."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def largest_file() -> Callable[[int], AbstractContextManager[None]]:
    """``with largest_file(1000):`` lets no file grow beyond 1,000 bytes, as if the disk were full."""
    return _largest_file


@pytest.fixture(scope="session")
def reference_policy() -> ImpalaPolicy:
    """The policy that the reference rates belong to."""
    return _load_policy(DATA / "reference_policy.safetensors")


@pytest.fixture(scope="session")
def reference_rates() -> pd.DataFrame:
    """Rates of the reference policy, written by another program."""
    import pandas as pd

    return pd.read_csv(DATA / "reach_rates_reference.csv")


@pytest.fixture(scope="session")
def small() -> ImpalaPolicy:
    """The shipped policy."""
    return _load_policy("small")


@pytest.fixture(scope="session")
def mazes() -> list[Maze]:
    """Levels 0 to 59."""
    from steered_env import Maze

    return Maze.from_levels(range(60))


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    """Headless Chromium, one for a module's tests."""
    with chromium() as browser:
        yield browser
