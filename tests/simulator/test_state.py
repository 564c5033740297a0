from __future__ import annotations

import struct

import numpy as np
import pytest

from steered_env.simulator import MazeBatch, MazeState, StateError, load_levels
from steered_env.simulator.state import LAYOUT, parse

LEVEL_3 = load_levels([3])[0]
GRID_FROM_END = (3 + 625) * 4


def patched(state: bytes, offset: int, value: int) -> bytes:
    """The state with an int32 at an offset, from the end if negative."""
    offset %= len(state)
    return state[:offset] + struct.pack("<i", value) + state[offset + 4 :]


def test_compact_state_draws_and_steps_like_the_whole_one() -> None:
    whole, compact = MazeBatch(1), MazeBatch(1)
    for level, state in enumerate(load_levels(range(40))):
        whole._write_bytes(0, state)
        compact.write(0, MazeState.decode(state))
        assert np.array_equal(whole.observations, compact.observations), level
        for action in np.random.default_rng(level).integers(0, 15, 30):
            rewards = [float(batch.step(np.array([action]))[0][0]) for batch in (whole, compact)]
            assert rewards[0] == rewards[1]
            if rewards[0]:
                break  # the next maze differs: each starts a level of its own
            assert np.array_equal(whole.observations, compact.observations), (level, action)


def test_decode_reads_what_procgen_wrote() -> None:
    state = MazeState.decode(LEVEL_3)
    size, world, end = struct.unpack("<3i", LEVEL_3[-12:])
    grid = np.frombuffer(LEVEL_3[-GRID_FROM_END:-12], "<i4").reshape(25, 25)
    assert (state.size, world, end) == (size, 25, -889271554)
    assert np.array_equal(state.walls, grid == 51)
    assert state.cheese == tuple(np.argwhere(grid == 2)[0])
    assert (state.level, state.mouse, state.facing_right) == (3, (10, 10), False)


def test_encode_then_decode_is_the_identity() -> None:
    template = parse(LEVEL_3).tobytes()
    state = MazeState.decode(LEVEL_3)
    again = MazeState.decode(state.encode(template))
    assert len(state.encode(template)) == LAYOUT.itemsize < 3000
    for field in ("cheese", "mouse", "facing_right", "size", "level", "background", "background_offset"):
        assert getattr(again, field) == getattr(state, field)
    assert np.array_equal(again.walls, state.walls)


def test_walls_are_read_only_and_copied() -> None:
    state = MazeState.decode(LEVEL_3)
    with pytest.raises(ValueError, match="read-only"):
        state.walls[0, 0] = False


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (0, 7, "version"),
        (4, 5, "name_length"),
        (8, 0, "name"),
        (40, 0, "distribution_mode"),
        (84, -1, "length -1"),
        (84, 2**30, "length 1073741824"),
        (-4, 0, "end_mark"),
        (-8, 24, "world_size"),
        (-12, 4, "size must be odd"),
        (-12, 27, "size must be odd"),
        (-16, 99, "a cell is cheese, wall or open"),
        (-GRID_FROM_END - 4, 624, "cell_count"),
        (-GRID_FROM_END - 8, 26, "grid_height"),
    ],
)
def test_malformed_fields_are_named(offset: int, value: int, message: str) -> None:
    with pytest.raises(StateError, match=message):
        MazeState.decode(patched(LEVEL_3, offset, value))


def test_trailing_bytes_are_refused() -> None:
    with pytest.raises(StateError, match="has 2932 bytes beside its random generators, got 2936"):
        MazeState.decode(LEVEL_3 + b"\0" * 4)


def test_two_cheeses_are_refused() -> None:
    with pytest.raises(StateError, match="at most one cheese, got 2"):
        MazeState.decode(patched(LEVEL_3, -16, 2))


def test_mouse_in_a_wall_is_refused() -> None:
    walled = patched(LEVEL_3, -GRID_FROM_END + 4 * (10 * 25 + 10), 51)
    with pytest.raises(StateError, match=r"mouse must be in an open cell, but \(10, 10\) is a wall"):
        MazeState.decode(walled)
