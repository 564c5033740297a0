"""The bytes in which procgen keeps one maze, and the part of them that a maze is made of.

procgen's ``get_state`` writes about 23,000 bytes: little-endian int32 and float32, strings with their length
before them. Most are three Mersenne twisters as text, which neither what is seen nor how the mouse moves
depends on. Here they are left out, which makes the rest a record of fixed length (`LAYOUT`), and of that
record a maze needs seven things: walls, cheese, mouse, facing, size, level and background. All else is the same
for every maze of the game, and comes from a template that procgen wrote itself.

Every buffer is checked before anything reads it, and everything that is written was checked when it became
a `MazeState`: procgen's C++ side ends the whole process when a state is malformed.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any

import numpy as np

from .limits import WORLD_SIZE, Cell, check_cell, check_level, check_size

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from typing_extensions import Self

BACKGROUNDS = 9
"""Number of background images that the game draws from."""

_CHEESE, _WALL, _OPEN = 2, 51, 100
_END_MARK = -889271554
_NO_TIMEOUT = 2**30

_INT, _FLOAT = "<i4", "<f4"


def _fields(kind: str, names: str) -> list[tuple[str, str]]:
    return [(name, kind) for name in names.split()]


LAYOUT = np.dtype(
    [
        ("version", _INT),
        ("name_length", _INT),
        ("name", "S4"),
        *_fields(
            _INT,
            "paint_velocity generated_assets monochrome restrict_themes backgrounds center_agent debug_mode "
            "distribution_mode sequential_levels easy_jump plain_assets physics_mode grid_step level_low "
            "level_high game_type game_index",
        ),
        *_fields(_INT, "level_generator_seeded level_generator_length"),
        *_fields(_INT, "generator_seeded generator_length"),
        ("reward", _FLOAT),
        *_fields(
            _INT,
            "done level_complete action timeout level previous_level episodes_remaining episode_done last_reward_timer",
        ),
        ("last_reward", _FLOAT),
        *_fields(_INT, "default_action fixed_asset_seed time waiting grid_size entity_count"),
        *_fields(_FLOAT, "x y vx vy rx ry"),
        *_fields(_INT, "entity_type image_type image_theme render_z will_erase collides"),
        *_fields(_FLOAT, "collision_margin rotation vrot"),
        *_fields(_INT, "is_reflected fire_time spawn_time life_time expire_time absolute_coordinates"),
        ("friction", _FLOAT),
        *_fields(_INT, "smart_step avoids_collisions auto_erase"),
        *_fields(_FLOAT, "alpha health theta grow_rate alpha_decay climber_spawn_x"),
        *_fields(_INT, "generated_background background"),
        *_fields(_FLOAT, "background_tile_ratio background_offset char_dim"),
        *_fields(_INT, "last_move_action move_action special_action"),
        *_fields(_FLOAT, "mixrate max_speed max_jump action_vx action_vy action_vrot center_x center_y"),
        *_fields(_INT, "random_agent_start velocity_info step_random_int"),
        *_fields(_INT, "asset_generator_seeded asset_generator_length"),
        *_fields(_INT, "main_width main_height out_of_bounds_object"),
        *_fields(_FLOAT, "unit view_dim x_offset y_offset visibility min_visibility"),
        *_fields(_INT, "grid_width grid_height cell_count"),
        ("grid", _INT, (WORLD_SIZE, WORLD_SIZE)),
        *_fields(_INT, "maze_size world_size end_mark"),
    ]
)
"""procgen's state of one maze with the text of the three random generators taken out."""

_GENERATORS = ("level_generator_length", "generator_length", "asset_generator_length")
_MUST_BE = {
    "version": 0,
    "name_length": 4,
    "name": b"maze",
    "distribution_mode": 1,
    "grid_size": WORLD_SIZE**2,
    "entity_count": 1,
    "main_width": WORLD_SIZE,
    "main_height": WORLD_SIZE,
    "grid_width": WORLD_SIZE,
    "grid_height": WORLD_SIZE,
    "cell_count": WORLD_SIZE**2,
    "world_size": WORLD_SIZE,
    "end_mark": _END_MARK,
}


class StateError(ValueError):
    """A buffer that is not a state of procgen's maze game."""


def _end_of(field: str) -> int:
    assert LAYOUT.fields is not None
    kind, offset = LAYOUT.fields[field][:2]
    return int(offset) + int(kind.itemsize)


_GENERATOR_ENDS = tuple(_end_of(name) for name in _GENERATORS)


def parse(buffer: bytes) -> np.void:
    """Read a state as procgen's ``get_state`` wrote it.

    Args:
        buffer: One maze's state, with or without the text of its random generators.

    Returns:
        A record of dtype `LAYOUT`, checked as far as every maze of the game must agree.

    Raises:
        StateError: if the buffer is cut off, too long, or of another game; it says which field is off.
    """
    pieces, start, taken_out = [], 0, 0
    for end in _GENERATOR_ENDS:
        end += taken_out
        if len(buffer) < end:
            raise StateError(f"a maze state ends before byte {end}, got {len(buffer)} bytes")
        length = int.from_bytes(buffer[end - 4 : end], "little", signed=True)
        if not 0 <= length <= len(buffer) - end:
            raise StateError(
                f"the string at byte {end} of a maze state has length {length}, but {len(buffer) - end} bytes follow"
            )
        pieces += [buffer[start : end - 4], b"\0\0\0\0"]
        start, taken_out = end + length, taken_out + length
    pieces.append(buffer[start:])
    record = b"".join(pieces)
    if len(record) != LAYOUT.itemsize:
        raise StateError(f"a maze state has {LAYOUT.itemsize} bytes beside its random generators, got {len(record)}")
    fields: np.void = np.frombuffer(record, LAYOUT)[0]
    for name, value in _MUST_BE.items():
        if fields[name] != value:
            raise StateError(f"{name} must be {value!r} in a maze state, got {fields[name]!r}")
    return fields


def _frozen_walls(walls: ArrayLike) -> NDArray[np.bool_]:
    array = np.asarray(walls)
    if array.shape != (WORLD_SIZE, WORLD_SIZE) or array.dtype != np.bool_:
        raise ValueError(
            f"walls must be a bool array of shape {(WORLD_SIZE, WORLD_SIZE)}, got {array.dtype} of shape {array.shape}"
        )
    if array.flags.writeable:
        array = array.copy()
        array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class MazeState:
    """The state of one maze: all that its observations and the mouse's moves depend on.

    Every value is checked when it is made, so that each one can be given to procgen.

    Attributes:
        walls: ``(25, 25)`` bool, True where a cell is a wall; read-only.
        cheese: The cheese's cell, or None.
        mouse: The mouse's cell.
        facing_right: Whether the mouse looks to the right.
        size: Side of the inner maze, in cells.
        level: The level it came from, or None.
        background: Index of the background image, 0 to 8.
        background_offset: Place at which the background image is cut, 0 to 1.

    Raises:
        TypeError: if a cell, the size or the level is of the wrong kind.
        ValueError: if a cell lies outside the world or in a wall, or the mouse on the cheese.
    """

    walls: NDArray[np.bool_]
    cheese: Cell | None
    mouse: Cell
    facing_right: bool
    size: int
    level: int | None
    background: int
    background_offset: float

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "walls", _frozen_walls(self.walls))
        put(self, "mouse", self._open_cell(self.mouse, "mouse"))
        if self.cheese is not None:
            put(self, "cheese", self._open_cell(self.cheese, "cheese"))
        if self.cheese == self.mouse:
            raise ValueError(
                f"the mouse and the cheese cannot share cell {self.mouse}: reaching the cheese ends the "
                "episode; move one of them, or take the cheese out first"
            )
        put(self, "facing_right", bool(self.facing_right))
        put(self, "size", check_size(self.size))
        if self.level is not None:
            put(self, "level", check_level(self.level))
        if not 0 <= self.background < BACKGROUNDS:
            raise ValueError(f"background must be 0 to {BACKGROUNDS - 1}, got {self.background}")
        if not 0.0 <= self.background_offset <= 1.0:
            raise ValueError(f"background_offset must be 0 to 1, got {self.background_offset}")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self  # nothing in it can change

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, field.name) for field in dataclass_fields(self))

    def unchecked_copy(self, **values: Any) -> Self:
        """Make a copy with other values that are known to be valid, in a tenth of the time of `dataclasses.replace`."""
        changed = {**self.__dict__, **values}
        if len(changed) > len(_FIELDS):  # what was computed from the old values does not hold for the new ones
            changed = {name: changed[name] for name in _FIELDS}
        copy = object.__new__(type(self))
        copy.__dict__.update(changed)
        return copy

    def _open_cell(self, cell: Any, what: str) -> Cell:
        row, col = check_cell(cell, what)
        if self.walls[row, col]:
            raise ValueError(f"{what} must be in an open cell, but {(row, col)} is a wall; open it first")
        return row, col

    @classmethod
    def decode(cls, buffer: bytes) -> Self:
        """Read a maze from the bytes of procgen's ``get_state``.

        Raises:
            StateError: if the bytes are not a state of the maze game, or hold an impossible maze.
        """
        fields = parse(buffer)
        grid = fields["grid"]
        cheeses = np.argwhere(grid == _CHEESE)
        if len(cheeses) > 1:
            raise StateError(f"a maze holds at most one cheese, got {len(cheeses)}")
        if not np.isin(grid, (_CHEESE, _WALL, _OPEN)).all():
            raise StateError(f"a cell is cheese, wall or open, got codes {np.unique(grid).tolist()}")
        column, row = float(fields["x"]) - 0.5, float(fields["y"]) - 0.5
        if not (column.is_integer() and row.is_integer()):
            raise StateError(f"the mouse must stand in the middle of a cell, got x={fields['x']} y={fields['y']}")
        if fields["is_reflected"] not in (0, 1):
            raise StateError(f"is_reflected must be 0 or 1, got {fields['is_reflected']}")
        try:
            return cls(
                walls=grid == _WALL,
                cheese=(int(cheeses[0, 0]), int(cheeses[0, 1])) if len(cheeses) else None,
                mouse=(int(row), int(column)),
                facing_right=bool(fields["is_reflected"]),
                size=int(fields["maze_size"]),
                level=int(fields["level"]),
                background=int(fields["background"]),
                background_offset=float(fields["background_offset"]),
            )
        except ValueError as error:
            raise StateError(str(error)) from None

    def encode(self, template: bytes) -> bytes:
        """Write the bytes for procgen's ``set_state``.

        Args:
            template: The bytes of a record from `parse`, for all that does not differ between mazes.

        Returns:
            About 2,900 bytes. procgen then runs this maze without a time limit of its own.
        """
        buffer = bytearray(template)
        fields = np.frombuffer(buffer, LAYOUT)[0]
        grid = fields["grid"]
        grid[...] = np.where(self.walls, _WALL, _OPEN)
        if self.cheese is not None:
            grid[self.cheese] = _CHEESE
        fields["y"], fields["x"] = self.mouse[0] + 0.5, self.mouse[1] + 0.5
        fields["is_reflected"] = self.facing_right
        fields["maze_size"] = self.size
        fields["level"] = 0 if self.level is None else self.level
        fields["background"] = self.background
        fields["background_offset"] = self.background_offset
        fields["timeout"] = _NO_TIMEOUT
        return bytes(buffer)


_FIELDS = tuple(field.name for field in dataclass_fields(MazeState))


def level_start(template: bytes, level: int) -> bytes:
    """The bytes of a state whose next forced reset (action −1) starts ``level``."""
    buffer = bytearray(template)
    fields = np.frombuffer(buffer, LAYOUT)[0]
    fields["level_low"], fields["level_high"] = level, check_level(level) + 1
    return bytes(buffer)
