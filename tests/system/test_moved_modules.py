from __future__ import annotations

import importlib

import pytest

import steered_env  # noqa: F401 (lets old paths name the new ones)
from steered_env.system.moved_modules import _NOW


@pytest.mark.parametrize("old", _NOW)
def test_an_old_path_names_the_new_one(old: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=_NOW[old]):
        importlib.import_module(old)
    importlib.import_module(_NOW[old])


@pytest.mark.parametrize(("old", "new"), [("draw_frames", "draw_observations"), ("FRAME_SHAPE", "OBSERVATION_SHAPE")])
def test_an_old_name_names_the_new_one(old: str, new: str) -> None:
    with pytest.raises(ImportError, match=new):
        exec(f"from steered_env.simulator import {old}")
    exec(f"from steered_env.simulator import {new}")


def test_what_never_was_is_unknown_as_ever() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named"):
        importlib.import_module("evaluation.nonsense")
