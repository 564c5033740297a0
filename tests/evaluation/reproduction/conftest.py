"""Figures of the study of the post, in its tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evaluation.results import figure_files


@pytest.fixture(scope="module", autouse=True)
def _fewer_dots() -> Iterator[None]:
    """Figures of half the size, still wider than a narrow screen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figure_files, "_DOTS_PER_INCH", 75)
        yield
