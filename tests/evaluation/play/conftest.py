"""One session for all tests of the page: it keeps policies and mazes between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from evaluation.play import Session
from steered_env import ImpalaPolicy, Maze, cheese_vector

Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def session(small: ImpalaPolicy, mazes: list[Maze]) -> Iterator[Session]:
    """A session that begins with level 6, a maze of size 9, and was given a steering called mine."""
    given = {"mine": cheese_vector(small, mazes[6])}
    session = Session(mazes[6], policies={"small": small, "full": "full"}, vectors=given, threads=1)
    yield session
    session.close()


@pytest.fixture(scope="session")
def ask(session: Session) -> Ask:
    """Ask for something of a scene that differs from the session's first in what is named."""

    def ask(kind: str, request: dict[str, Any] | None = None, **scene: Any) -> list[dict[str, Any]]:
        first = session.scene.model_dump(mode="json")
        return list(session.answer({"kind": kind, "id": 7, "scene": {**first, **scene}, **(request or {})}))

    return ask
