"""The widget's Python side; a real notebook server is in the tests of the page."""

from __future__ import annotations

from typing import Any

import pytest

from evaluation import MazeWidget
from steered_env import ImpalaPolicy, Maze


def test_a_widget_answers_like_a_server(
    small: ImpalaPolicy, mazes: list[Maze], monkeypatch: pytest.MonkeyPatch
) -> None:
    widget, sent = MazeWidget(mazes[6], small, "-cheese"), list[dict[str, Any]]()
    monkeypatch.setattr(widget, "send", sent.append)
    widget._handle_custom_msg({"kind": "hello", "id": 0}, [])
    scene = sent[-1]["scene"]
    assert scene["policy"] == "ImpalaPolicy"
    widget._handle_custom_msg(
        {"kind": "show", "id": 1, "scene": scene, "sliders": {"cheese": 2}, "edit": {"do": "next"}}, []
    )
    assert [message["kind"] for message in sent] == ["hello", "maze", "numbers"]
    assert (widget.maze, widget.condition) == (mazes[7], "2*cheese")
    widget._handle_custom_msg({"kind": "show", "id": "x"}, [])
    assert sent[-1]["kind"] == "error"
    widget.close()
