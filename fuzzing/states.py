"""Mutated states of procgen: refused with a clear error, or a maze that runs and is drawn."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

import numpy as np

from steered_env.simulator import ACTIONS, MazeBatch, MazeState, StateError, draw_rendering, load_levels
from steered_env.simulator.state import BACKGROUNDS, LAYOUT, parse

from .mutations import damaged, float32, int32
from .target import Outcome, Target, Work, generator, pattern_of

STEPS = 20
_LEVELS = 1000
_CELLS = 625
_LENGTHS = ("level_generator_length", "generator_length", "asset_generator_length")
_SEEN = ("x", "y", "is_reflected", "maze_size", "level", "background", "background_offset")
_CODES = (2, 51, 51, 100, 100)
_KINDS = {"cell": 40, "seen": 16, "likely": 16, "field": 22, "byte": 3, "length": 2, "cut": 1}
_NUMBERS = tuple(name for name in LAYOUT.names or () if LAYOUT[name].shape == () and LAYOUT[name].kind in "if")


def _offsets(buffer: bytes) -> dict[str, int]:
    """The offset of each field in a whole state, the text of the random generators counted in."""
    assert LAYOUT.fields is not None
    places, text = {}, 0
    for name, field in LAYOUT.fields.items():
        places[name] = field[1] + text
        if name in _LENGTHS:
            text += int(struct.unpack_from("<i", buffer, places[name])[0])
    return places


def mutated(rng: random.Random, whole: bytes) -> bytes:
    """A state with one to eight of its fields changed."""
    if rng.random() < 0.5:
        whole = parse(whole).tobytes()  # the form without the text of the random generators
    places, buffer = _offsets(whole), bytearray(whole)
    kinds = rng.choices(list(_KINDS), list(_KINDS.values()), k=rng.randint(1, 8))
    for kind in kinds:
        if kind == "cell":
            code = rng.choice(_CODES) if rng.random() < 0.97 else int32(rng, 51)
            struct.pack_into("<i", buffer, places["grid"] + 4 * rng.randrange(_CELLS), code)
        elif kind == "likely":
            _set_likely(rng, buffer, places)
        elif kind == "byte":
            buffer[rng.randrange(len(buffer))] = rng.randrange(256)
        elif kind != "cut":
            _set_number(rng, buffer, places, rng.choice({"seen": _SEEN, "field": _NUMBERS, "length": _LENGTHS}[kind]))
    return damaged(rng, bytes(buffer)) if "cut" in kinds else bytes(buffer)


def _set_number(rng: random.Random, buffer: bytearray, places: dict[str, int], name: str) -> None:
    place = places[name]
    if LAYOUT[name].kind == "f":
        new = np.float32(float32(rng, struct.unpack_from("<f", buffer, place)[0])).tobytes()
        buffer[place : place + 4] = new
    else:
        struct.pack_into("<i", buffer, place, int32(rng, struct.unpack_from("<i", buffer, place)[0]))


def _set_likely(rng: random.Random, buffer: bytearray, places: dict[str, int]) -> None:
    """Change what a maze may well have otherwise, so that deep mutations are not all refused."""
    name = rng.choice(_SEEN)
    if name in ("x", "y"):
        cells = np.frombuffer(buffer, "<i4", _CELLS, places["grid"]).reshape(25, 25)
        row, col = rng.choice(np.argwhere(cells != 51).tolist() or [[0, 0]])
        struct.pack_into("<f", buffer, places["x"], col + 0.5)
        struct.pack_into("<f", buffer, places["y"], row + 0.5)
    elif name == "background_offset":
        struct.pack_into("<f", buffer, places[name], rng.random())
    else:
        limits = {"is_reflected": (0, 2, 1), "maze_size": (3, 26, 2), "background": (0, BACKGROUNDS, 1)}
        struct.pack_into("<i", buffer, places[name], rng.randrange(*limits.get(name, (0, 2**31 - 1, 1))))


def prepare(seed: int) -> Work:
    """Feeds mutated states of the first levels to the loader, and what it accepts to procgen."""
    bases = load_levels(range(_LEVELS))

    def work(indices: Sequence[int]) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        accepted: dict[int, MazeState] = {}
        for index in indices:
            rng = generator(seed, "states", index)
            try:
                accepted[index] = MazeState.decode(mutated(rng, rng.choice(bases)))
            except StateError as error:
                outcomes[index] = Outcome(index, checks=(pattern_of(str(error)),))
            except Exception as error:
                outcomes[index] = Outcome(index, finding=f"{type(error).__name__} instead of StateError: {error}")
        findings = _simulate(seed, accepted) if accepted else {}
        outcomes |= {index: Outcome(index, accepted=True, finding=findings.get(index)) for index in accepted}
        return [outcomes[index] for index in indices]

    return work


def _simulate(seed: int, states: dict[int, MazeState]) -> dict[int, str]:
    """Set, step and draw what was accepted; what was wrong, by index."""
    batch = MazeBatch(len(states))
    findings: dict[int, str] = {}
    for place, (index, state) in enumerate(states.items()):
        batch.write(place, state)
        if wrong := _differs(state, batch.read(place)):
            findings[index] = wrong
        if not draw_rendering(state).any():
            findings[index] = "the rendering is black"
    actions = np.array([_actions(seed, index) for index in states])
    for step in range(STEPS):
        rewards, _ = batch.step(actions[:, step])
        for place in np.flatnonzero(~np.isin(rewards, (0, 10))):
            findings[list(states)[place]] = f"step {step} gave a reward of {rewards[place]}"
    for place, index in enumerate(states):
        try:
            MazeState.decode(batch.read(place))
        except StateError as error:
            findings[index] = f"after {STEPS} steps procgen has a state that is none: {error}"
        if not batch.observations[place].any():
            findings[index] = "the observation is black"
    batch.close()
    return findings


def _actions(seed: int, index: int) -> list[int]:
    return generator(seed, "actions", index).choices(range(ACTIONS), k=STEPS)


def _differs(state: MazeState, simulated: bytes) -> str | None:
    """Describe a difference between what procgen has and what was set; None if there is none."""
    simulated_state = MazeState.decode(simulated)
    if not np.array_equal(simulated_state.walls, state.walls):
        return "procgen has other walls than were set"
    for name in ("cheese", "mouse", "facing_right", "size", "level", "background", "background_offset"):
        if getattr(simulated_state, name) != getattr(state, name):
            return f"procgen has {name}={getattr(simulated_state, name)!r}, set was {getattr(state, name)!r}"
    return None


TARGET = Target(
    name="states",
    what=(
        "Mutated states of procgen's mazes, one to eight fields or bytes changed, into `MazeState.decode`. What is "
        f"accepted is set, read back, drawn in both sizes, and stepped {STEPS} times."
    ),
    prepare=prepare,
    count=100_000,
    batch=128,
    seconds=60,
    header=(
        r"^a maze state ends before byte",
        r"^the string at byte",
        r"bytes beside its random generators",
        r"^(version|name_length|name) must be",
    ),
)
