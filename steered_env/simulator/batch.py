"""A batch of running mazes: the only place that calls procgen."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from procgen import ProcgenGym3Env

from .images import folder_of_images
from .limits import MAX_MAZES, MAX_THREADS, check_level, whole_number
from .state import MazeState, level_start, parse

if TYPE_CHECKING:
    from numpy.typing import NDArray

OBSERVATION_SHAPE = (64, 64, 3)
"""Height, width and colours of what the policy sees."""
RENDERING_SHAPE = (512, 512, 3)
"""Height, width and colours of what a person sees."""
ACTIONS = 15
"""Number of procgen's actions: 0 to 2 left, 3 down, 5 up, 6 to 8 right, the rest stay."""
_FORCED_RESET = -1
_STATE_BYTES = 2**16


_threaded: weakref.WeakSet[MazeBatch] = weakref.WeakSet()


def _forget_threads() -> None:
    """In a forked process, keep procgen from waiting for threads that do not live there."""
    for batch in _threaded:
        batch._threads_lost, batch._stepping = True, False
        batch._procgen.close = lambda: None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)


class MazeBatch:
    """Mazes that procgen simulates side by side, each of which can be set to any state at any time.

    procgen runs without the interpreter's lock, so that several batches in several threads use several cores. A process
    may fork: procgen's own threads do not live on in the child, which makes new ones at its first step.

    Args:
        num: Number of mazes, 1 to 65,536.
        renderings: Also draw the 512×512 renderings for people. procgen then draws them at every step, which
            makes steps several times slower: keep such a batch for that alone.
        threads: Number of procgen's own threads for `step`, at most 1,024; 0 steps in the calling thread.

    Raises:
        TypeError: if a number is no whole number.
        ValueError: if one is out of range.
    """

    def __init__(self, num: int, *, renderings: bool = False, threads: int = 0) -> None:
        self.num = whole_number(num, "num", 1, MAX_MAZES)
        self._threads = whole_number(threads, "threads", 0, MAX_THREADS)
        self._start_procgen(renderings)
        self._template = parse(self._read_bytes(0)).tobytes()

    def _start_procgen(self, renderings: bool) -> None:
        with folder_of_images() as images:
            self._procgen = ProcgenGym3Env(
                num=self.num,
                env_name="maze",
                distribution_mode="hard",
                start_level=0,
                num_levels=1,
                rand_seed=0,
                num_threads=self._threads,
                render_mode="rgb_array" if renderings else None,
                resource_root=f"{images}{os.sep}",
            )
        # once looked up, the function that closes it needs no lock: the garbage collector may close it at any moment,
        # also while this thread holds that lock to open another batch
        _ = self._procgen._c_lib.libenv_close
        self._procgen._reuse_arrays = True  # hand out its buffers instead of copies
        _, observation, _ = self._procgen.observe()
        self._actions: NDArray[np.int32] = self._procgen._ac["action"]
        self._rewards, self._ended = self._procgen._rew, self._procgen._first
        self._buffer = self._procgen._ffi.new("char[]", _STATE_BYTES)
        self.observations: NDArray[np.uint8] = observation["rgb"]
        """``(num, 64, 64, 3)`` uint8: what the policy sees. procgen's own buffer, overwritten in place."""
        self.renderings: NDArray[np.uint8] | None = self._procgen._info["rgb"] if renderings else None
        """``(num, 512, 512, 3)`` uint8: what a person sees; None unless asked for."""
        self._threads_lost = self._stepping = False
        if self._threads:
            _threaded.add(self)

    def start_levels(self, levels: Sequence[int]) -> None:
        """Start ``levels[i]`` in maze ``i``; mazes beyond the last level go back to level 0.

        Raises:
            ValueError: if a level is out of range, or there are more levels than mazes.
        """
        if len(levels) > self.num:
            raise ValueError(f"a batch of {self.num} cannot start {len(levels)} levels at once")
        starts = [level_start(self._template, check_level(level)) for level in levels]
        for index, start in enumerate(starts):
            self._write_bytes(index, start)
        for index in range(len(starts), self.num):
            self._write_bytes(index, level_start(self._template, 0))
        self.step(np.full(self.num, _FORCED_RESET))

    def read(self, index: int) -> bytes:
        """The state of maze ``index`` as procgen's ``get_state`` writes it, about 23,000 bytes.

        Raises:
            IndexError: if there is no such maze.
            RuntimeError: if the batch was closed.
        """
        return self._read_bytes(self._checked(index))

    def write(self, index: int, state: MazeState) -> None:
        """Set maze ``index`` to ``state`` and draw it into ``observations[index]`` (and ``renderings[index]``).

        Raises:
            IndexError: if there is no such maze.
            RuntimeError: if the batch was closed.
        """
        self._write_bytes(self._checked(index), state.encode(self._template))
        if self.renderings is not None:
            self._open().observe()

    def step(self, actions: Sequence[int] | NDArray[np.integer[Any]]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Move every mouse once.

        Args:
            actions: ``(num,)`` integers, 0 to 14, or −1 to force a reset.

        Returns:
            Rewards ``(num,)`` float32 and whether each episode ended ``(num,)`` bool; procgen's own
            buffers, overwritten by the next step or `write`. Where an episode ended, the maze is another one now.

        Raises:
            RuntimeError: if the batch was closed.
            ValueError: if there are more or fewer actions than mazes.
        """
        self.begin_step(actions)
        return self.end_step()

    def begin_step(self, actions: Sequence[int] | NDArray[np.integer[Any]]) -> None:
        """Let procgen's threads begin to move every mouse, while the caller does something else; see `step`."""
        if len(actions) != self.num:
            raise ValueError(f"a batch of {self.num} takes as many actions, got {len(actions)}")
        procgen = self._open()
        if self._threads_lost:
            self.__setstate__(self.__getstate__())
            procgen = self._procgen
        self._actions[:] = actions
        self._stepping = True
        procgen._c_lib.libenv_act(procgen._c_env)  # procgen's own `act` and `observe`, without what they copy

    def end_step(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Wait until every mouse has moved; see `step`."""
        self._open()
        return self._rewards, self._ended

    def close(self) -> None:
        """Free the mazes. Calling it again does nothing; using them afterwards is an error."""
        self._procgen.close()
        self._procgen.closed = True  # closed or, in a forked process, given up

    def __getstate__(self) -> dict[str, Any]:
        states = [self.read(index) for index in range(self.num)]
        return {"num": self.num, "renderings": self.renderings is not None, "threads": self._threads, "states": states}

    def __setstate__(self, values: dict[str, Any]) -> None:
        self.num, self._threads = values["num"], values["threads"]
        self._start_procgen(values["renderings"])
        self._template = parse(self._read_bytes(0)).tobytes()
        for index, state in enumerate(values["states"]):
            parse(state)
            self._write_bytes(index, state)
        if self.renderings is not None:
            self._open().observe()

    def _open(self) -> ProcgenGym3Env:
        """Procgen, which must not be asked for anything once its memory is freed, nor while its threads draw."""
        if self._procgen.closed:
            raise RuntimeError("this batch of mazes was closed; make a new one")
        if self._stepping:  # also where a step was interrupted: procgen ends the process if it is not waited for
            self._procgen._c_lib.libenv_observe(self._procgen._c_env)
            self._stepping = False
        return self._procgen

    def _checked(self, index: int) -> int:
        if not 0 <= index < self.num:
            raise IndexError(f"maze {index} of a batch of {self.num}")
        return index

    def _read_bytes(self, index: int) -> bytes:
        procgen = self._open()
        length = procgen._c_lib.get_state(procgen._c_env, index, self._buffer, _STATE_BYTES)
        return bytes(procgen._ffi.buffer(self._buffer, length))

    def _write_bytes(self, index: int, state: bytes) -> None:
        procgen = self._open()
        procgen._c_lib.set_state(procgen._c_env, index, state, len(state))


_shared = threading.local()
_LOADER_SIZE = 128


def _shared_batch(num: int, *, renderings: bool = False) -> MazeBatch:
    """A batch that this thread keeps for the next caller: making one costs 10 ms, the first 2 s."""
    batches: dict[tuple[int, bool], MazeBatch] = _shared.__dict__.setdefault("batches", {})
    if (num, renderings) not in batches:
        batches[num, renderings] = MazeBatch(num, renderings=renderings)
    return batches[num, renderings]


def load_levels(levels: Sequence[int]) -> list[bytes]:
    """The first state of each level, as procgen's ``get_state`` writes it.

    Raises:
        TypeError: if a level is no whole number.
        ValueError: if a level is negative or above the last one; nothing is started then.
    """
    numbers = [check_level(level) for level in levels]
    power_of_two = 1 << max(len(numbers) - 1, 0).bit_length()
    batch = _shared_batch(min(power_of_two, _LOADER_SIZE))
    states = []
    for start in range(0, len(numbers), batch.num):
        chunk = numbers[start : start + batch.num]
        batch.start_levels(chunk)
        states += [batch.read(index) for index in range(len(chunk))]
    return states


def draw_observations(states: Sequence[MazeState]) -> NDArray[np.uint8]:
    """Draw mazes as the policy sees them: ``(len(states), 64, 64, 3)`` uint8."""
    observations = np.empty((len(states), *OBSERVATION_SHAPE), np.uint8)
    batch = _shared_batch(1)
    for index, state in enumerate(states):
        batch.write(0, state)
        observations[index] = batch.observations[0]
    return observations


def draw_rendering(state: MazeState) -> NDArray[np.uint8]:
    """Draw a maze as a person sees it: ``(512, 512, 3)`` uint8."""
    batch = _shared_batch(1, renderings=True)
    batch.write(0, state)
    assert batch.renderings is not None
    rendering: NDArray[np.uint8] = batch.renderings[0].copy()
    return rendering
