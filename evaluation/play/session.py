"""Answers to what a page asks for; nothing here knows how the messages come and go."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from evaluation.measuring import (
    TOLERANCE,
    Combination,
    Condition,
    KnownMaze,
    MazeNumbers,
    SteerablePolicy,
    one_torch_thread,
    walk,
)
from evaluation.storage import BASELINE
from steered_env import (
    Maze,
    SteeredPolicy,
    Steering,
    __version__,
)
from steered_env.policy import packaged_policies
from steered_env.steering import DEFAULT_LAYER, Intervention
from steered_env.system import GivenUpError, cores

from . import messages
from .activation_maps import activation_maps
from .edits import edited
from .files import SceneFile, file_of
from .mazes import read_maze
from .networks import Network
from .pictures import facts_of, sprites
from .problems import Problem, problems_of
from .sliders import WORDS, stand_of_sliders, text_of_sliders
from .steerings import described, page_steering, steering_of, vectors_of

_log = logging.getLogger(__name__)
Reply = dict[str, Any]
REQUESTS = ("show", "policy", "activations", "episode", "save")
SLIDERS = {"from": -5, "to": 5, "step": 0.1}
_SIZES = list(range(3, 26, 2))


@dataclass(frozen=True)
class _Understood:
    """A scene that was read.

    Attributes:
        scene: In normal form.
        network: Its policy.
        maze: Its maze.
        vectors: The words of its condition that are not the language's own.
    """

    scene: messages.Scene
    network: Network
    maze: Maze
    vectors: Mapping[str, Steering]


class Session:
    """Answers requests, for any number of pages; it keeps policies and mazes, and nothing about a page.

    Example:
        >>> session = Session(Maze.from_level(6))
        >>> maze, numbers = session.answer({"kind": "show", "id": 1, "scene": session.scene.model_dump()})
        >>> maze["maze"]["size"], round(numbers["baseline"]["rates"]["cheese"], 3)
        (9, 1.0)

    Args:
        maze: The maze to begin with.
        policies: Policies by the names that pages know them by, each a module, a `SteeredPolicy`, a name or a path; the
            first one is begun with. Defaults to the packaged ones.
        vectors: Vectors of your own, by the words that stand for them in conditions.
        condition: The condition to begin with.
        threads: How many run the network; defaults to one per core.

    Attributes:
        scene: What a page begins with.
    """

    def __init__(
        self,
        maze: Maze,
        *,
        policies: Mapping[str, nn.Module | SteeredPolicy | str] | None = None,
        vectors: Mapping[str, Steering] | None = None,
        condition: str = BASELINE,
        threads: int | None = None,
    ) -> None:
        self._sources = dict(policies or {name: name for name in packaged_policies()})
        self._given = dict(vectors or {})
        self._networks: dict[str, Network] = {}
        self._loading = threading.Lock()
        self._pool = ThreadPoolExecutor(threads or cores(), thread_name_prefix="steered-env-play")
        first = "small" if policies is None else next(iter(self._sources))
        self.scene = messages.Scene(maze=str(maze), policy=first, condition=condition)

    def close(self) -> None:
        """End its threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def answer(self, message: str | bytes | Mapping[str, Any] | messages.Request) -> Iterator[Reply]:
        """Answer a request, with one reply after the other.

        What cannot be done is answered, too: no error of a request is raised.

        Raises:
            GivenUpError: if this thread's work is given up, see `steered_env.system.given_up_by`.
        """
        try:
            request = message if isinstance(message, messages.Request) else messages.read_request(message)
        except messages.MessageError as error:
            yield error_reply(error.request, "message", str(error))
            return
        try:
            yield from self._answers(request)
        except Problem as problem:
            yield error_reply(request.id, problem.about, str(problem))
        except GivenUpError:
            raise
        except (ValueError, TypeError, OSError, MemoryError) as error:
            yield error_reply(request.id, "server", str(error) or "not enough memory")
        except Exception as error:  # one of ours: it must not end the page, and somebody should see it
            _log.exception("a request could not be answered")
            yield error_reply(request.id, "server", f"{type(error).__name__}: {error}")

    def _answers(self, request: messages.Request) -> Iterator[Reply]:
        if isinstance(request, messages.HelloRequest):
            yield self._hello(request)
        elif isinstance(request, messages.PolicyRequest):
            yield self._policy(request)
        elif isinstance(request, messages.ShowRequest):
            yield from self._show(request)
        elif isinstance(request, messages.ActivationsRequest):
            yield self._activations(request)
        elif isinstance(request, messages.EpisodeRequest):
            yield self._episode(request)
        else:
            yield self._save(request)

    def _hello(self, request: messages.HelloRequest) -> Reply:
        return {
            "kind": "hello",
            "id": request.id,
            "version": __version__,
            "can": list(REQUESTS),
            "scene": self.scene.model_dump(mode="json"),
            "policies": list(self._sources),
            "words": list(WORDS),
            "given": list(self._given),
            "sliders": SLIDERS,
            "sizes": _SIZES,
            "sprites": sprites(),
        }

    def _policy(self, request: messages.PolicyRequest) -> Reply:
        layers = self.network(request.policy).layers
        return {
            "kind": "policy",
            "id": request.id,
            "policy": request.policy,
            "layers": [{"name": name, "shape": list(shape)} for name, shape in layers.items()],
            "default_layer": DEFAULT_LAYER if DEFAULT_LAYER in layers else next(iter(layers), None),
        }

    def _show(self, request: messages.ShowRequest) -> Iterator[Reply]:
        began = time.perf_counter()
        understood = self._understood(request.scene)
        with problems_of("maze"):
            maze = understood.maze if request.edit is None else edited(understood.maze, request.edit)
        scene, sliders, others, unread = self._steered_scene(understood, request.sliders)
        scene = scene.model_copy(update={"maze": str(maze)})
        understood = _Understood(scene, understood.network, maze, understood.vectors)
        plain = scene.model_dump(mode="json")
        if not request.have_maze or request.edit is not None:
            yield {"kind": "maze", "id": request.id, "scene": plain, "maze": facts_of(maze)}
        known = understood.network.known(maze, self._pool)
        with one_torch_thread():
            steering, problem = (None, unread) if unread else self._steering(understood, known)
            baseline = understood.network.unsteered(known, scene.horizon, steering)
            steered, failed = self._steered(scene, known, steering)
        yield {
            "kind": "numbers",
            "id": request.id,
            "scene": plain,
            "sliders": sliders,
            "others": others,
            "cells": cells_of(baseline, maze),
            "baseline": side_of(baseline),
            "steered": None if steered is None else side_of(steered),
            "problem": _plain_problem(problem or failed),
            "milliseconds": round(1000 * (time.perf_counter() - began)),
        }

    def _steered_scene(
        self, understood: _Understood, wanted: Mapping[str, float] | None
    ) -> tuple[messages.Scene, dict[str, float] | None, str, Problem | None]:
        """The scene with the condition of the sliders; where these stand, what they leave, and what cannot be read."""
        scene, words = understood.scene, (*WORDS, *understood.vectors)
        if wanted is not None and (unknown := sorted(set(wanted) - set(words))):
            raise Problem("message", f"sliders: there is none for {unknown[0]!r}, only for {', '.join(words)}")
        sliders: dict[str, float] | None
        try:
            with problems_of("condition"):
                sliders, others = stand_of_sliders(scene.condition, words, scene.layer, understood.vectors)
        except Problem as problem:
            if wanted is None:
                return scene, None, "", problem
            sliders, others = None, Combination()
        if wanted is not None:
            sliders = {**dict.fromkeys(words, 0.0), **wanted}
            text = text_of_sliders(sliders, others, scene.layer, understood.vectors)
            scene = scene.model_copy(update={"condition": text})
        return scene, sliders, "" if not others.terms else text_of_sliders({}, others, scene.layer, {}), None

    def _steering(self, understood: _Understood, known: KnownMaze) -> tuple[Intervention | None, Problem | None]:
        """The steering of a scene, or the problem with it."""
        try:
            return steering_of(understood.scene, understood.network, known, understood.vectors), None
        except Problem as problem:
            return None, problem

    def _steered(
        self, scene: messages.Scene, known: KnownMaze, steering: Intervention | None, tolerance: float = TOLERANCE
    ) -> tuple[MazeNumbers | None, Problem | None]:
        """The numbers under a steering, or the problem with it."""
        if steering is None:
            return None, None
        try:
            with problems_of("condition"):
                return known.numbers(steering, scene.condition, horizon=scene.horizon, tolerance=tolerance), None
        except Problem as problem:
            return None, problem

    def _activations(self, request: messages.ActivationsRequest) -> Reply:
        understood = self._understood(request.scene)
        network, maze = understood.network, understood.maze
        with one_torch_thread():
            steering = None
            if request.steered:
                known = network.known(maze, self._pool)
                steering = steering_of(understood.scene, network, known, understood.vectors)
            return {"kind": "activations", "id": request.id, **activation_maps(request, network, maze, steering)}

    def _episode(self, request: messages.EpisodeRequest) -> Reply:
        understood = self._understood(request.scene)
        scene, known = understood.scene, understood.network.known(understood.maze, self._pool)
        with one_torch_thread():
            steering, problem = self._steering(understood, known)
            baseline = understood.network.unsteered(known, scene.horizon, steering, tolerance=0)
            steered, failed = self._steered(scene, known, steering, tolerance=0)
        return {
            "kind": "episode",
            "id": request.id,
            "baseline": _episode_of(baseline, request),
            "steered": None if steered is None else _episode_of(steered, request),
            "problem": _plain_problem(problem or failed),
        }

    def _save(self, request: messages.SaveRequest) -> Reply:
        understood = self._understood(request.scene)
        scene, network = understood.scene, understood.network
        steering: Intervention = Steering()
        whole = None
        with one_torch_thread():
            if request.form not in ("text", "maze_png"):
                known = KnownMaze(network.forward, understood.maze)
                whole = page_steering(scene, network, known, understood.vectors)
                condition = Condition.parse(scene.condition, understood.vectors)
                steering = network.factory.steering(condition, understood.maze, known.vectors)
            name = ", ".join(part for part in (scene.condition, described(scene.chips)) if part)
            what = SceneFile(scene, understood.maze, network, steering, whole, name, list(self._given))
            file = file_of(what, request.form, seed=request.seed, likeliest=request.likeliest)
        return {"kind": "file", "id": request.id, **file}

    def _understood(self, scene: messages.Scene) -> _Understood:
        """Read a scene.

        Raises:
            Problem: if there is no such policy or layer, or its maze or snapshots cannot be read.
        """
        network = self.network(scene.policy)
        with problems_of("maze"):
            maze = read_maze(scene.maze)
        if scene.layer not in network.layers:
            raise Problem("layer", f"policy {scene.policy!r} has no layer {scene.layer!r} that can be read")
        scene = scene.model_copy(update={"condition": " ".join(scene.condition.split())})
        return _Understood(scene, network, maze, vectors_of(scene, network, self._given))

    def network(self, name: str) -> Network:
        """The policy of a name, loaded when it is first used.

        Raises:
            Problem: if there is none, or it cannot be loaded.
        """
        if name not in self._sources:
            raise Problem("policy", f"there is no policy {name!r} here, only {', '.join(self._sources)}")
        with self._loading:
            if name not in self._networks:
                with problems_of("policy"), one_torch_thread():
                    self._networks[name] = Network.of(SteerablePolicy.of(self._sources[name]))
            return self._networks[name]


def error_reply(request: int | None, about: str, message: str) -> Reply:
    """The reply that says what cannot be done."""
    return {"kind": "error", "id": request, "about": about, "message": message}


def side_of(numbers: MazeNumbers) -> Reply:
    """The numbers of one condition, as plain values; with None where one means nothing."""
    measures, at_cheese = numbers.measures, numbers.chain.maze.cheese is not None
    decision = None
    if numbers.moves is not None:
        decision = {
            "cheese": _plain(measures.p_cheese_at_decision),
            "corner": _plain(measures.p_top_right_at_decision),
        }
    return {
        "arrows": [*(np.round(numbers.arrows, 4) + 0.0).tolist(), *[None] * at_cheese],
        "time": [*(np.round(numbers.time, 4) + 0.0).tolist(), *[0.0] * at_cheese],
        "rates": {
            "cheese": _plain(measures.reach_cheese),
            "corner": _plain(measures.reach_top_right),
            "region": _plain(measures.reach_region),
            "elsewhere": _plain(1 - measures.reach_either),
        },
        "decision": decision,
        "moves": numbers.moves,
        "steps": numbers.steps,
        "error_bound": _plain(measures.error_bound),
    }


def cells_of(numbers: MazeNumbers, maze: Maze) -> list[list[int]]:
    """The cells of a side's lists: all open ones, the cheese's the last."""
    return [list(cell) for cell in (*numbers.chain.cells, *([] if maze.cheese is None else [maze.cheese]))]


def _plain(number: float) -> float | None:
    return None if math.isnan(number) else number


def _plain_problem(problem: Problem | None) -> Reply | None:
    return None if problem is None else {"about": problem.about, "message": str(problem)}


def _episode_of(numbers: MazeNumbers, request: messages.EpisodeRequest) -> Reply:
    episode = walk(
        numbers.chain,
        numbers.probabilities,
        steps=request.scene.horizon,
        seed=request.seed,
        deterministic=request.likeliest,
    )
    return {"states": [[*cell, int(right)] for cell, right in episode.states], "outcome": episode.outcome}
