"""The steering of a scene: its condition, in which snapshots are words, and its chips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evaluation.measuring import Combination, Condition, Function, KnownMaze, Term, Vector, check_vectors
from steered_env import Steering, find_layer, scaling, setting
from steered_env.steering import Intervention

from . import messages
from .mazes import read_maze
from .networks import Network
from .problems import Problem, problems_of

_MOST_LEVELS = 64
"""Levels of which one vector is made while a page waits."""


def vectors_of(scene: messages.Scene, network: Network, given: Mapping[str, Steering]) -> dict[str, Steering]:
    """The vectors that a scene's condition may name: those given, and its snapshots.

    Raises:
        Problem: if a snapshot has no usable name or mazes.
    """
    vectors = dict(given)
    with problems_of("vectors"):
        for snapshot in scene.vectors:
            if snapshot.name in vectors:
                raise ValueError(f"the name {snapshot.name!r} is taken already: give this snapshot another one")
            this, that = read_maze(snapshot.this), read_maze(snapshot.that)
            vectors[snapshot.name] = network.difference(this, that, scene.layer)
        check_vectors(vectors)
    return vectors


def steering_of(
    scene: messages.Scene, network: Network, known: KnownMaze, vectors: Mapping[str, Steering]
) -> Intervention | None:
    """The steering of a scene in its maze, after the one that its policy brings along; None where the scene has none.

    Raises:
        Problem: as of `page_steering`.
    """
    steering = page_steering(scene, network, known, vectors)
    return None if steering is None else network.policy.steering.then(steering)


def page_steering(
    scene: messages.Scene, network: Network, known: KnownMaze, vectors: Mapping[str, Steering]
) -> Intervention | None:
    """What the page adds in its maze to the policy as it was given: condition and chips; None where it adds nothing.

    Raises:
        Problem: if the condition cannot be read, or a vector does not exist in this maze, or a chip cannot be.
    """
    with problems_of("condition"):
        condition = Condition.parse(scene.condition, vectors)
        _check_levels(condition)
        for layer in condition.layers:
            find_layer(network.module, layer)
        steering: Intervention = network.factory.steering(condition, known.chain.maze, known.vectors)
    for change in chips_of(scene.chips, network):
        steering = steering.then(change)
    return steering if steering.changes() else None


def chips_of(chips: Sequence[messages.Chip], network: Network) -> list[Intervention]:
    """The change of each chip.

    Raises:
        Problem: if a layer or channel is none, or has no places.
    """
    changes: list[Intervention] = []
    with problems_of("chips"):
        for chip in chips:
            layer = find_layer(network.module, chip.layer)
            shape = network.layers.get(layer, ())
            if not shape or chip.channel >= shape[0]:
                raise ValueError(
                    f"layer {layer!r} has channels 0 to {shape[0] - 1 if shape else 0}, got {chip.channel}"
                )
            if isinstance(chip, messages.ScaleChip):
                changes.append(scaling(chip.factor, layer=layer, channels=[chip.channel]))
                continue
            if len(shape) != 3:
                raise ValueError(f"layer {layer!r} has no places over cells: its activations have shape {shape}")
            changes.append(setting(chip.value, chip.cell, layer=layer, channels=[chip.channel]))
    return changes


def described(chips: Sequence[messages.Chip]) -> str:
    """Chips in a few words."""
    words = []
    for chip in chips:
        where = f"channel {chip.channel} of {chip.layer}"
        if isinstance(chip, messages.ScaleChip):
            words.append(f"{where} × {chip.factor:g}")
        else:
            words.append(f"{where} at {chip.cell} = {chip.value:g}")
    return ", ".join(words)


def _check_levels(condition: Condition) -> None:
    assert isinstance(condition.recipe, Combination)
    for term in _terms(condition.recipe):
        if isinstance(term, Vector) and term.levels is not None and len(term.levels) > _MOST_LEVELS:
            raise Problem(
                "condition",
                f"here a vector is made of at most {_MOST_LEVELS} levels, got {len(term.levels)}; save one that is "
                "made of more, and give it by --steering",
            )


def _terms(combination: Combination) -> Iterator[Term]:
    for _, term in combination.terms:
        yield term
        if isinstance(term, Function):
            for argument in term.arguments:
                yield from _terms(argument)
