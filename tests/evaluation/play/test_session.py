"""What a page is told is what `evaluate`, `vector_field` and `Maze` say."""

from __future__ import annotations

import base64
import io
import math
import runpy
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evaluation import Results, evaluate, occupancy, vector_field
from evaluation.measuring import Condition, SteerablePolicy
from evaluation.play import Session, networks
from evaluation.play.networks import Network
from evaluation.results import png_of
from evaluation.views import fields_figure, record_video
from evaluation.views.rollouts import roll_out
from steered_env import (
    ImpalaPolicy,
    Maze,
    SteeredPolicy,
    Steering,
    cheese_vector,
    read_activations,
    scaling,
    setting,
)
from steered_env.steering import DEFAULT_LAYER, Intervention

Ask = Callable[..., list[dict[str, Any]]]

CONDITION = "2*top_right - cheese"
RATES = {"cheese": "reach_cheese", "corner": "reach_top_right", "region": "reach_region"}


def check_side(side: dict[str, Any], results: Results, row: int) -> None:
    """Compare a side's bars with a row of `evaluate`."""
    frame = results.frame.iloc[row]
    for name, column in RATES.items():
        rate = math.nan if side["rates"][name] is None else side["rates"][name]
        assert rate == pytest.approx(frame[column], abs=1e-5, nan_ok=True), name
    assert side["rates"]["elsewhere"] == pytest.approx(1 - frame["reach_either"], abs=1e-5)
    if side["decision"] is not None:
        assert side["decision"]["cheese"] == pytest.approx(frame["p_cheese_at_decision"], abs=1e-5)
        assert side["decision"]["corner"] == pytest.approx(frame["p_top_right_at_decision"], abs=1e-5)
        assert sum(side["moves"].values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("level", [6, 20])
def test_numbers_are_those_of_evaluate(ask: Ask, small: ImpalaPolicy, mazes: list[Maze], level: int) -> None:
    maze = mazes[level]
    facts, numbers = ask("show", maze=str(maze), condition=CONDITION)
    results = evaluate(small, mazes=[maze], conditions=["baseline", CONDITION])
    check_side(numbers["baseline"], results, 0)
    check_side(numbers["steered"], results, 1)
    places = tuple(np.array(numbers["cells"]).T)
    assert set(map(tuple, numbers["cells"])) == set(map(tuple, np.argwhere(~maze.walls).tolist()))
    arrows = vector_field(small, maze, CONDITION).arrows[places]
    shown = [[math.nan] * 2 if arrow is None else arrow for arrow in numbers["steered"]["arrows"]]
    np.testing.assert_allclose(shown, arrows, atol=1e-4)
    time = occupancy(small, maze, CONDITION)
    np.testing.assert_allclose(numbers["steered"]["time"], np.nan_to_num(time.time[places]), atol=2e-3)
    assert numbers["steered"]["steps"] == pytest.approx(time.steps, abs=2e-3)
    assert facts["maze"]["decision_square"] == (maze.decision_square and list(maze.decision_square))


def test_another_horizon_mouse_and_policy(ask: Ask, mazes: list[Maze]) -> None:
    maze = mazes[3].with_mouse(mazes[3].decision_square or mazes[3].start, facing_right=True)
    numbers = ask("show", {"have_maze": True}, maze=str(maze), condition="-cheese", policy="full", horizon=9)
    results = evaluate("full", mazes=[maze], conditions=["baseline", "-cheese"], horizon=9)
    assert len(numbers) == 1
    check_side(numbers[0]["baseline"], results, 0)
    check_side(numbers[0]["steered"], results, 1)


def test_what_is_kept_changes_no_number(session: Session, ask: Ask, small: ImpalaPolicy, mazes: list[Maze]) -> None:
    """One steering after another, at layers before and after the first one, and the mouse moved."""
    moved = mazes[6].with_mouse((12, 8))
    for maze, condition in [
        (mazes[6], "cheese(layer='embedder.block3.res1.resadd')"),
        (mazes[6], "cheese(layer='embedder.block1.conv')"),
        (moved, "-cheese"),
    ]:
        fresh = Session(maze, policies={"small": small}, threads=2)
        request = {"have_maze": True}
        numbers = ask("show", request, maze=str(maze), condition=condition)[0]
        alone = fresh.answer({"kind": "show", "id": 1, "scene": {"maze": str(maze), "condition": condition}, **request})
        expected = next(iter(alone))
        for side in ("baseline", "steered"):
            for name, rate in expected[side]["rates"].items():
                assert numbers[side]["rates"][name] == pytest.approx(rate, abs=1e-5)
            assert numbers[side]["steps"] == pytest.approx(expected[side]["steps"], abs=1e-3)
        fresh.close()


def test_sliders_and_text_move_each_other(ask: Ask) -> None:
    (numbers,) = ask("show", {"have_maze": True}, condition="unit(cheese)/2 + 3*top_right-cheese*2 + mine")
    assert numbers["sliders"] == {"cheese": -2, "top_right": 3, "random": 0, "mine": 1}
    assert numbers["others"] == "0.5*unit(cheese)"
    scene = numbers["scene"] | {"layer": "embedder.block3"}
    (numbers,) = ask("show", {"have_maze": True, "sliders": {"cheese": -1.5, "random": 0.1}}, **scene)
    assert numbers["scene"]["condition"] == (
        "0.1*random(layer='embedder.block3') - 1.5*cheese(layer='embedder.block3') + 0.5*unit(cheese) + "
        "3*top_right - 2*cheese"
    )
    assert numbers["sliders"]["cheese"] == -1.5
    (again,) = ask("show", {"have_maze": True}, **numbers["scene"])
    assert again["sliders"] == numbers["sliders"]
    (zero,) = ask("show", {"have_maze": True, "sliders": {"cheese": 0}}, condition="-cheese")
    assert (zero["scene"]["condition"], zero["steered"]) == ("baseline", None)


def test_chips_and_snapshots(ask: Ask, small: ImpalaPolicy, mazes: list[Maze]) -> None:
    maze = mazes[6]
    snapshot = {"name": "walled", "this": str(maze.without_cheese()), "that": str(maze)}
    chips = [
        {"do": "set", "layer": DEFAULT_LAYER, "channel": 9, "cell": [16, 16], "value": 5.0},
        {"do": "scale", "layer": "embedder.block3.res1.resadd", "channel": 2, "factor": 0},
    ]
    (numbers,) = ask("show", {"have_maze": True}, condition="walled", vectors=[snapshot], chips=chips)
    steering: Intervention = Steering.difference(small, maze.without_cheese(), maze)
    steering = steering.then(setting(5.0, (16, 16), channels=[9]))
    steering = steering.then(scaling(0.0, layer="embedder.block3.res1.resadd", channels=[2]))
    check_side(numbers["steered"], evaluate(small, mazes=[maze], conditions=[("chips", steering)]), 0)
    assert numbers["sliders"]["walled"] == 1


@pytest.mark.parametrize(
    ("edit", "edited"),
    [
        ({"do": "open", "cells": [[9, 9]]}, lambda maze: maze.with_open([(9, 9)])),
        ({"do": "wall", "cells": [[16, 16]]}, lambda maze: maze.with_walls([(16, 16)])),
        ({"do": "cheese", "cell": [16, 16]}, lambda maze: maze.with_cheese((16, 16))),
        ({"do": "no_cheese"}, Maze.without_cheese),
        ({"do": "mouse", "cell": [14, 15], "facing_right": True}, None),
        ({"do": "move", "move": "up"}, lambda maze: maze.with_mouse((9, 8))),
        ({"do": "move", "move": "right"}, lambda maze: maze.with_mouse((8, 8), facing_right=True)),
        ({"do": "carve"}, Maze.with_top_right_path),
        ({"do": "level", "level": 20}, lambda _: Maze.from_level(20)),
        ({"do": "next"}, lambda _: Maze.from_level(7)),
        ({"do": "size", "size": 9}, lambda _: Maze.from_level(20)),
        ({"do": "text", "text": "size=3\n..C\n.#.\n>#."}, lambda _: Maze.from_text("..C\n.#.\n>#.")),
    ],
)
def test_edits(ask: Ask, mazes: list[Maze], edit: dict[str, Any], edited: Any) -> None:
    replies = ask("show", {"edit": edit, "have_maze": True}, horizon=8)
    if edited is None:  # a wall
        assert [reply["kind"] for reply in replies] == ["error"]
        assert replies[0]["about"] == "maze"
        assert "(14, 15)" in replies[0]["message"]
        return
    assert [reply["kind"] for reply in replies] == ["maze", "numbers"]
    assert Maze.from_text(replies[0]["maze"]["text"]) == edited(mazes[6])
    assert replies[0]["scene"]["maze"] == str(edited(mazes[6]))


def test_a_move_onto_the_cheese_eats_it(ask: Ask, mazes: list[Maze]) -> None:
    maze = mazes[6].with_mouse((15, 14))
    facts, _ = ask("show", {"edit": {"do": "move", "move": "down"}}, maze=str(maze), horizon=8)
    assert (facts["maze"]["mouse"], facts["maze"]["cheese"]) == ([14, 14], None)


def test_the_picture_is_the_rendering_without_mouse_and_cheese(ask: Ask, mazes: list[Maze]) -> None:
    facts = ask("show", horizon=8)[0]["maze"]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(facts["picture"].partition(",")[2]))))
    view, scale = facts["view"], 512 / 25
    assert view == {"row": 7, "col": 7, "side": 11}
    top = round((25 - view["row"] - view["side"]) * scale)
    left = round(view["col"] * scale)
    rendering = mazes[6].render()[top : top + len(shown), left : left + len(shown[0])]
    rows, cols = np.nonzero((shown != rendering).any(axis=2))
    middles = {(24 - int((row + top) / scale), int((col + left) / scale)) for row, col in zip(rows, cols, strict=True)}
    assert middles == {mazes[6].mouse, mazes[6].cheese}


def test_episodes_are_those_of_films(ask: Ask, small: ImpalaPolicy, mazes: list[Maze]) -> None:
    maze = mazes[20]
    for likeliest in (False, True):
        request = {"seed": 3, "likeliest": likeliest}
        (reply,) = ask("episode", request, maze=str(maze), condition="-cheese", horizon=40)
        steering = Condition.parse("-cheese")
        from evaluation.measuring import SteeringFactory

        for side, made in (("baseline", Steering()), ("steered", SteeringFactory(small).steering(steering, maze))):
            filmed = roll_out(SteeredPolicy(small, made), maze, side, steps=40, seed=3, deterministic=likeliest)
            assert reply[side]["outcome"] == filmed.outcome
            assert len(reply[side]["states"]) == filmed.steps + 1


def test_activations(ask: Ask, small: ImpalaPolicy, mazes: list[Maze]) -> None:
    from steered_env import channels_that_track, read_activations
    from steered_env.reading import activations

    request = {"layer": DEFAULT_LAYER, "rank": "cheese", "count": 3}
    (reply,) = ask("activations", request)
    read = read_activations(small, [DEFAULT_LAYER], mazes[6].observe()[None])[DEFAULT_LAYER][0]
    assert [row["channel"] for row in reply["maps"]] == [row["channel"] for row in reply["ranking"][:3]]
    for row in reply["maps"]:
        np.testing.assert_allclose(row["values"], read[row["channel"]].numpy(), atol=1e-4)
    best = reply["ranking"][0]["channel"]
    tracked = channels_that_track(
        activations(small, mazes[:20])[DEFAULT_LAYER], [maze.cheese or (0, 0) for maze in mazes[:20]]
    )
    assert best in tracked.index[:8]
    before = str(mazes[6].without_cheese())
    (changed,) = ask("activations", {**request, "rank": "change", "before": before, "channels": [4]})
    assert changed["ranking"][0]["score"] > changed["ranking"][-1]["score"] >= 0
    (steered,) = ask("activations", {**request, "channels": [4], "steered": True}, condition="-cheese")
    np.testing.assert_allclose(
        steered["maps"][0]["values"],
        read_activations(small, [DEFAULT_LAYER], mazes[6].without_cheese().observe()[None])[DEFAULT_LAYER][0, 4],
        atol=1e-4,
    )


def test_files(ask: Ask, small: ImpalaPolicy, mazes: list[Maze], tmp_path: Path) -> None:
    def saved(form: str, **scene: Any) -> Path:
        (reply,) = ask("save", {"as": form}, horizon=6, condition="-cheese", **scene)
        path = tmp_path / f"{form}-{reply['name']}"
        path.write_bytes(base64.b64decode(reply["data"]))
        return path

    assert Maze.from_text(saved("text").read_text()) == mazes[6]
    loaded, vector = (
        Steering.load(saved("safetensors")),
        -1 * Steering.difference(small, mazes[6], mazes[6].without_cheese()),
    )
    assert loaded == vector
    assert saved("png").read_bytes()[:4] == b"\x89PNG"
    assert np.array_equal(np.asarray(Image.open(saved("maze_png"))), mazes[6].render())
    assert Image.open(saved("gif")).size[0] > 700  # two panels
    assert b"ftyp" in saved("mp4").read_bytes()[:12]
    chip = {"do": "scale", "layer": DEFAULT_LAYER, "channel": 2, "factor": 0}
    program = saved("python", chips=[chip])
    text = program.read_text().replace('Steering.load("mine.safetensors")', "Steering()")
    program.write_text(text)
    results = runpy.run_path(str(program))["results"]
    (numbers,) = ask("show", {"have_maze": True}, horizon=6, condition="-cheese", chips=[chip])
    check_side(numbers["steered"], results, 1)


@pytest.mark.parametrize(
    ("about", "request_", "scene"),
    [
        ("maze", {}, {"maze": "level=3\n<C"}),
        ("policy", {}, {"policy": "/etc/passwd"}),
        ("layer", {}, {"layer": "embedder.block9"}),
        ("vectors", {}, {"vectors": [{"name": "cheese", "this": "<.C\n...\n...", "that": "<..\n...\n..."}]}),
        ("vectors", {}, {"vectors": [{"name": "mine", "this": "<.C\n...\n...", "that": "<..\n...\n..."}]}),
        ("message", {"sliders": {"unknown": 1}}, {}),
        ("message", {"edit": {"do": "cheese", "cell": [25, 0]}}, {}),
        ("message", {"id": -1}, {}),
        ("message", {"surplus": 1}, {}),
        ("message", {}, {"horizon": 10**9}),
    ],
)
def test_what_cannot_be_answered(ask: Ask, about: str, request_: dict[str, Any], scene: dict[str, Any]) -> None:
    (reply,) = ask("show", request_, **scene)
    assert (reply["kind"], reply["about"]) == ("error", about)


@pytest.mark.parametrize(
    ("about", "scene"),
    [
        ("condition", {"condition": "2*chees"}),
        ("condition", {"condition": "__import__('os').system('true')"}),
        ("condition", {"condition": "cheese(levels='0:1000000')"}),
        ("condition", {"condition": "cheese(layer='nowhere')"}),
        ("condition", {"condition": "1e38*cheese"}),
        ("condition", {"maze": "size=3\n<..\n...\n...", "condition": "cheese"}),
        ("chips", {"chips": [{"do": "scale", "layer": DEFAULT_LAYER, "channel": 99, "factor": 0}]}),
    ],
)
def test_the_baseline_is_shown_where_the_steering_cannot_be(ask: Ask, about: str, scene: dict[str, Any]) -> None:
    (numbers,) = ask("show", {"have_maze": True}, **scene)
    assert numbers["problem"]["about"] == about
    assert numbers["steered"] is None
    assert len(numbers["baseline"]["arrows"]) == len(numbers["cells"])


def test_another_page_may_ask_while_a_maze_is_looked_for(
    small: ImpalaPolicy, mazes: list[Maze], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network.of(SteerablePolicy.of(small))
    others = iter(mazes[20:24])

    def compared(maze: Maze) -> object:
        if threading.current_thread() is threading.main_thread():
            pages.submit(network.known, next(others), pages).result()
        return compare(maze)

    compare = networks._apart_from_mouse
    with ThreadPoolExecutor(1) as pages:
        network.known(mazes[2], pages)
        known = network.known(mazes[1], pages)
        monkeypatch.setattr(networks, "_apart_from_mouse", compared)
        elsewhere = mazes[1].with_mouse(np.argwhere(~mazes[1].walls)[3].tolist())
        assert network.known(elsewhere, pages)._plain is known._plain


def test_a_policy_keeps_the_steering_that_it_brings_along(
    small: ImpalaPolicy, mazes: list[Maze], tmp_path: Path
) -> None:
    maze = mazes[6]
    steered = SteeredPolicy(small, -cheese_vector(small, maze))
    session = Session(maze, policies={"mine": steered}, threads=1)

    def ask(kind: str, **request: Any) -> dict[str, Any]:
        scene = {**session.scene.model_dump(mode="json"), "horizon": 6, "condition": "-top_right"}
        return list(session.answer({"kind": kind, "id": 1, "scene": scene, **request}))[-1]

    (maps,) = ask("activations", layer=DEFAULT_LAYER, channels=[4])["maps"]
    expected = read_activations(small, [DEFAULT_LAYER], maze.without_cheese().observe()[None])[DEFAULT_LAYER][0, 4]
    np.testing.assert_allclose(maps["values"], expected, atol=1e-4)
    film = tmp_path / "film.gif"
    record_video(steered, maze, ["baseline", "-top_right"], film, steps=6)
    assert base64.b64decode(ask("save", **{"as": "gif"})["data"]) == film.read_bytes()
    fields = [vector_field(steered, maze, name) for name in ("baseline", "-top_right")]
    figure = fields_figure([*fields, fields[1].difference(fields[0])], policy="mine")
    assert base64.b64decode(ask("save", **{"as": "png"})["data"]) == png_of(figure)
    session.close()
