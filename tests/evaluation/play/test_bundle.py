"""A page that needs no server holds the numbers of the server's."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation.play import write_bundle
from steered_env import Maze

Ask = Callable[..., list[dict[str, Any]]]


def test_a_bundle(ask: Ask, tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "new", levels=[6, 58], coefficients=[-1, 0, 1])
    page = path.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    for tag in ("style", 'script type="module"'):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag.split()[0]}>", page, re.DOTALL)
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy[1]
    assert "src=" not in page.replace('"src"', "")
    (held,) = re.findall(r'<script type="application/json" id="bundle">(.*?)</script>', page, re.DOTALL)
    data = json.loads(held)
    assert (data["hello"]["can"], data["hello"]["words"]) == (["show"], ["cheese", "top_right"])
    first, tiny = data["mazes"]
    assert (first["maze"]["size"], tiny["maze"]["size"]) == (9, 9)
    facts, numbers = ask("show", condition="-cheese + top_right", maze=str(Maze.from_level(6)))
    assert first["maze"] == facts["maze"]
    side = first["grid"][2]  # cheese −1, top-right 1
    for name, rate in numbers["steered"]["rates"].items():
        assert side["rates"][name] == (None if rate is None else pytest.approx(rate, abs=2e-5))
    packed = np.frombuffer(base64.b64decode(side["arrows"]["int8"]), np.int8).reshape(-1, 2)
    arrows = [arrow or [-128 / 127] * 2 for arrow in numbers["steered"]["arrows"]]
    np.testing.assert_allclose(packed * side["arrows"]["scale"], arrows, atol=5e-3)
    shades = np.frombuffer(base64.b64decode(side["time"]["uint8"]), np.uint8) / 255
    time = shades ** side["time"]["power"] * side["time"]["scale"]
    np.testing.assert_allclose(time, numbers["steered"]["time"], atol=max(time) / 100)
    assert first["grid"][4] == first["baseline"]
