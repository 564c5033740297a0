"""Random sequences of edits, against a simple model and against what procgen then simulates and draws.

The model is a grid of numbers and three variables, written with no code of the package; the states that procgen is
to draw for it are patched by hand, byte by byte.
"""

from __future__ import annotations

import random
import struct
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from steered_env import Maze
from steered_env.simulator import MazeBatch, load_levels
from steered_env.simulator.state import parse

from .target import Outcome, Target, Work, generator, pattern_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

Cell = tuple[int, int]
SIDE, WALL, OPEN, CHEESE = 25, 51, 100, 2
STEPS = 8
_TAIL = (3 + SIDE**2) * 4
_TURN = 15
_MOVES = {0: (0, -1), 1: (0, -1), 2: (0, -1), 3: (-1, 0), 5: (1, 0), 6: (0, 1), 7: (0, 1), 8: (0, 1)}
_NO_CELLS: tuple[Any, ...] = (None, 3, (1,), (1, 2, 3), (1.5, 2), ("1", 2), (True, 1), "ab")
_LEVELS = 100_000


@dataclass
class Model:
    """A maze as plainly as can be said."""

    walls: list[list[bool]]
    cheese: Cell | None
    mouse: Cell
    right: bool
    size: int

    def is_open(self, cell: Cell) -> bool:
        row, col = cell
        return 0 <= row < SIDE and 0 <= col < SIDE and not self.walls[row][col]

    def step(self, action: int) -> bool:
        """Move the mouse; whether it found the cheese."""
        rows, cols = _MOVES.get(action, (0, 0))
        if cols:
            self.right = cols > 0
        ahead = (self.mouse[0] + rows, self.mouse[1] + cols)
        if self.is_open(ahead):
            self.mouse = ahead
        return self.mouse == self.cheese


class Bytes:
    """A state of procgen, read and patched by hand."""

    def __init__(self, state: bytes) -> None:
        self.data = bytearray(state)
        self.grid = len(self.data) - _TAIL
        self.entity = self.data.index(struct.pack("<ii", SIDE**2, 1)) + 8

    def model(self) -> Model:
        codes = struct.unpack_from(f"<{SIDE**2}i", self.data, self.grid)
        rows = [codes[SIDE * row : SIDE * row + SIDE] for row in range(SIDE)]
        cheese = codes.index(CHEESE) if CHEESE in codes else None
        x, y = struct.unpack_from("<ff", self.data, self.entity)
        return Model(
            walls=[[code == WALL for code in row] for row in rows],
            cheese=None if cheese is None else (cheese // SIDE, cheese % SIDE),
            mouse=(int(y), int(x)),
            right=bool(struct.unpack_from("<i", self.data, self.entity + 4 * _TURN)[0]),
            size=struct.unpack_from("<i", self.data, len(self.data) - 12)[0],
        )

    def patched(self, model: Model) -> bytes:
        """The state of the same level with what the model has."""
        codes = [WALL if wall else OPEN for row in model.walls for wall in row]
        if model.cheese is not None:
            codes[SIDE * model.cheese[0] + model.cheese[1]] = CHEESE
        data = bytearray(self.data)
        struct.pack_into(f"<{SIDE**2}i", data, self.grid, *codes)
        struct.pack_into("<ff", data, self.entity, model.mouse[1] + 0.5, model.mouse[0] + 0.5)
        struct.pack_into("<i", data, self.entity + 4 * _TURN, int(model.right))
        return bytes(data)

    def painted(self, wall: bool) -> bytes:
        """The state of the same level with walls, or open cells, wherever neither mouse nor cheese can be seen."""
        mouse = (0, 0)
        walls = [[wall] * SIDE for _ in range(SIDE)]
        return self.patched(Model(walls, None, mouse, False, 3))


def _some_cell(rng: random.Random, model: Model) -> Any:
    kind = rng.random()
    if kind < 0.03:
        return rng.choice(_NO_CELLS)
    if kind < 0.1:
        return rng.randrange(-3, 30), rng.randrange(-3, 30)
    if kind < 0.15:
        return rng.choice((model.mouse, model.cheese or model.mouse))
    if kind < 0.6:
        cells = [(row, col) for row in range(SIDE) for col in range(SIDE) if not model.walls[row][col]]
        return rng.choice(cells)
    return rng.randrange(SIDE), rng.randrange(SIDE)


def _refusal(cell: Any) -> type[Exception] | None:
    """The error for what is no cell of the world."""
    if not (isinstance(cell, tuple) and len(cell) == 2 and all(type(number) is int for number in cell)):
        return TypeError
    return None if 0 <= cell[0] < SIDE and 0 <= cell[1] < SIDE else ValueError


def _place(rng: random.Random, model: Model) -> tuple[Callable[[Maze], Maze], type[Exception] | None, str]:
    """Put the cheese or the mouse somewhere: the edit, the error it must raise, and its words."""
    cell, right = _some_cell(rng, model), rng.random() < 0.5
    is_cheese = rng.random() < 0.5
    other = model.mouse if is_cheese else model.cheese
    error = _refusal(cell) or (None if model.is_open(cell) and cell != other else ValueError)
    if error is None and is_cheese:
        model.cheese = cell
    elif error is None:
        model.mouse, model.right = cell, right
    if is_cheese:
        return (lambda maze: maze.with_cheese(cell)), error, f"with_cheese({cell!r})"
    return (lambda maze: maze.with_mouse(cell, facing_right=right)), error, f"with_mouse({cell!r}, {right})"


def _dig(rng: random.Random, model: Model) -> tuple[Callable[[Maze], Maze], type[Exception] | None, str]:
    """Open some cells, or put walls there."""
    cells, wall = [_some_cell(rng, model) for _ in range(rng.randint(1, 6))], rng.random() < 0.5
    error = next((refusal for cell in cells if (refusal := _refusal(cell))), None)
    if error is None and wall and (model.mouse in cells or model.cheese in cells):
        error = ValueError
    if error is None:
        for row, col in cells:
            model.walls[row][col] = wall
    if wall:
        return (lambda maze: maze.with_walls(cells)), error, f"with_walls({cells!r})"
    return (lambda maze: maze.with_open(cells)), error, f"with_open({cells!r})"


def _other(rng: random.Random, model: Model) -> tuple[Callable[[Maze], Maze], type[Exception] | None, str]:
    """The edits that cannot fail."""
    kind = rng.randrange(3)
    if kind == 0:
        model.cheese = None
        return Maze.without_cheese, None, "without_cheese()"
    if kind == 1:
        last = (SIDE + model.size) // 2 - 1
        for row in range(last, SIDE):
            model.walls[row][last] &= row == last
        for col in range(last + 1, SIDE):
            model.walls[SIDE - 1][col] = False
        return Maze.with_top_right_path, None, "with_top_right_path()"
    return _through_text, None, "from_text(str(maze))"


def _through_text(maze: Maze) -> Maze:
    """Write a maze down and read it again; a cheese that edits have walled in is no news here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="no path joins", category=UserWarning)
        return Maze.from_text(str(maze))


def edited(rng: random.Random, maze: Maze, model: Model) -> tuple[Maze, list[str], list[str]]:
    """Make one to eight edits in both; the maze, the edits' words, and the checks that refused some of them.

    Raises:
        AssertionError: if an edit is refused that the model makes, or the other way round.
    """
    words: list[str] = []
    checks: list[str] = []
    for _ in range(rng.randint(1, 8)):
        edit, expected, call = rng.choices((_place, _dig, _other), (4, 4, 3))[0](rng, model)
        words.append(call)
        try:
            maze = edit(maze)
            raised: type[Exception] | None = None
        except (TypeError, ValueError) as error:
            raised = type(error)
            checks.append(pattern_of(str(error)))
        if raised is not expected:
            raise AssertionError(f"{' '.join(words)}: raised {raised}, the model says {expected}")
    return maze, words, checks


def _disagreement(maze: Maze, model: Model) -> str | None:
    if maze.walls.tolist() != model.walls:
        return "the maze has other walls than the model"
    mine, theirs = (model.cheese, model.mouse, model.right), (maze.cheese, maze.mouse, maze.facing_right)
    return None if mine == theirs else f"the maze has cheese, mouse, facing {theirs}, the model {mine}"


_CENTRES = np.round((np.arange(SIDE) + 0.5) * 64 / SIDE - 0.5).astype(int)


def _seen(observation: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``(25, 25, 3)`` uint8: the middle of each cell, bottom row first."""
    middle: NDArray[np.uint8] = observation[63 - _CENTRES][:, _CENTRES]
    return middle


class Sequences:
    """Makes the edits, and sees what procgen makes of them."""

    def __init__(self, seed: int, batch: int) -> None:
        self._seed = seed
        self._edited, self._by_hand = MazeBatch(batch), MazeBatch(1)

    def __call__(self, indices: Sequence[int]) -> list[Outcome]:
        generators = [generator(self._seed, "edits", index) for index in indices]
        bases = load_levels([rng.randrange(_LEVELS) for rng in generators])
        outcomes: list[Outcome] = []
        models: list[Model | None] = []
        for place, (index, rng, base) in enumerate(zip(indices, generators, bases, strict=True)):
            state = Bytes(parse(base).tobytes())  # without the text of the random generators, to draw it faster
            model = state.model()
            try:
                maze, words, checks = edited(rng, Maze.decode(base), model)
            except Exception as error:
                outcomes.append(Outcome(index, finding=f"{type(error).__name__}: {error}"))
                models.append(None)
                continue
            self._edited.write(place, maze)
            wrong = _disagreement(maze, model) or self._drawn_otherwise(place, state, model)
            finding = f"after {' '.join(words)}: {wrong}" if wrong else None
            outcomes.append(Outcome(index, accepted=True, checks=tuple(checks), finding=finding))
            models.append(model)
        wrong_steps = self._step(generators, models)
        return [
            Outcome(outcome.index, outcome.accepted, outcome.checks, outcome.finding or wrong)
            for outcome, wrong in zip(outcomes, wrong_steps, strict=True)
        ]

    def _draw(self, state: bytes) -> NDArray[np.uint8]:
        self._by_hand._write_bytes(0, state)
        observation: NDArray[np.uint8] = self._by_hand.observations[0].copy()
        return observation

    def _drawn_otherwise(self, place: int, state: Bytes, model: Model) -> str | None:
        """Describe a difference between what procgen has or draws and what the model says; None if there is none."""
        if Bytes(self._edited.read(place)).model() != model:
            return "procgen simulates another maze than the model"
        observation = self._edited.observations[place]
        if not np.array_equal(observation, self._draw(state.patched(model))):
            return "procgen draws another maze than the model"
        cells = _seen(observation)
        expected = np.where(
            np.array(model.walls)[:, :, None],
            _seen(self._draw(state.painted(wall=True))),
            _seen(self._draw(state.painted(wall=False))),
        )
        free = np.ones((SIDE, SIDE), bool)
        for cell in (model.mouse, model.cheese, (0, 0)):
            if cell is not None:
                free[cell] = False
        if (cells != expected).any(axis=2)[free].any():
            return "the observation shows a wall or an open cell where the model has none"
        return None

    def _step(self, generators: Sequence[random.Random], models: Sequence[Model | None]) -> list[str | None]:
        """Step the mazes and the models side by side, until the cheese is found."""
        wrong: list[str | None] = [None] * len(models)
        running = [model is not None for model in models]
        actions = np.full(self._edited.num, 4)
        for step in range(STEPS):
            actions[: len(models)] = [rng.randrange(15) for rng in generators]
            rewards, ended = self._edited.step(actions)
            for place, model in enumerate(models):
                if model is not None and running[place]:
                    at_cheese = model.step(int(actions[place]))
                    running[place] = not at_cheese
                    if (float(rewards[place]), bool(ended[place])) != (10.0 * at_cheese, at_cheese):
                        wrong[place] = f"step {step}: reward {rewards[place]}, the model has cheese {at_cheese}"
        for place, model in enumerate(models):
            if model is not None and running[place] and Bytes(self._edited.read(place)).model() != model:
                wrong[place] = wrong[place] or "after some steps procgen has another maze than the model"
        return wrong


_BATCH = 64


def prepare(seed: int) -> Work:
    """Edits mazes of random levels."""
    return Sequences(seed, _BATCH)


TARGET = Target(
    name="edits",
    what=(
        "Sequences of one to eight edits of a random level, impossible ones among them, made in a `Maze` and in a "
        "model of a few lines. Both must refuse the same edits and end alike; what procgen then simulates, draws (the "
        "observation of a state patched by hand, and each cell's middle pixel), and does in "
        f"{STEPS} random steps must be what the model says. The table counts refused edits, several in one sequence."
    ),
    prepare=prepare,
    count=100_000,
    batch=_BATCH,
    seconds=60,
)
