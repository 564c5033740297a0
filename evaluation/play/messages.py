"""What a page may say: the schema of every message, and its bounds (docs/play_protocol.md has them with examples)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from steered_env.simulator import MAX_LEVEL, WORLD_SIZE
from steered_env.steering import DEFAULT_LAYER
from steered_env.system import needing

with needing("play"):
    from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

MAX_MESSAGE_BYTES = 65_536
_MAX_COEFFICIENT = 1000.0

Row = Annotated[int, Field(ge=0, lt=WORLD_SIZE)]
CellOfPage = tuple[Row, Row]
Coefficient = Annotated[float, Field(ge=-_MAX_COEFFICIENT, le=_MAX_COEFFICIENT, allow_inf_nan=False)]
Channel = Annotated[int, Field(ge=0, lt=65_536)]
Word = Annotated[str, Field(max_length=40)]
MazeText = Annotated[str, Field(max_length=2000)]
LayerName = Annotated[str, Field(max_length=200)]
RequestId = Annotated[int, Field(ge=0, lt=2**53)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Corner = Literal["top right", "top left", "bottom right", "bottom left"]


class MessageError(ValueError):
    """A message that is not by the rules.

    Attributes:
        request: The message's ``id``, if it could be read.
    """

    def __init__(self, text: str, request: int | None = None) -> None:
        super().__init__(text)
        self.request = request


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, hide_input_in_errors=True)


class Snapshot(_Message):
    """A named vector, "this maze minus that one"."""

    name: Word
    this: MazeText
    that: MazeText


class SetChip(_Message):
    """Sets the activation over a cell."""

    do: Literal["set"]
    layer: LayerName
    channel: Channel
    cell: CellOfPage
    value: Coefficient


class ScaleChip(_Message):
    """Multiplies a channel."""

    do: Literal["scale"]
    layer: LayerName
    channel: Channel
    factor: Coefficient


Chip = Annotated[SetChip | ScaleChip, Field(discriminator="do")]


class Scene(_Message):
    """All that a page shows: it comes with every request, so that the server keeps nothing about a page."""

    maze: MazeText
    policy: Annotated[str, Field(max_length=200)] = "small"
    layer: LayerName = DEFAULT_LAYER
    condition: Annotated[str, Field(max_length=1000)] = "baseline"
    vectors: Annotated[tuple[Snapshot, ...], Field(max_length=8)] = ()
    chips: Annotated[tuple[Chip, ...], Field(max_length=16)] = ()
    horizon: Annotated[int, Field(ge=1, le=1000)] = 256


class PaintEdit(_Message):
    """Opens or walls cells."""

    do: Literal["open", "wall"]
    cells: Annotated[tuple[CellOfPage, ...], Field(max_length=WORLD_SIZE**2)]


class CheeseEdit(_Message):
    """Puts the cheese into a cell."""

    do: Literal["cheese"]
    cell: CellOfPage


class MouseEdit(_Message):
    """Puts the mouse into a cell."""

    do: Literal["mouse"]
    cell: CellOfPage
    facing_right: bool = False


class MoveEdit(_Message):
    """Moves the mouse as the environment would."""

    do: Literal["move"]
    move: Literal["left", "right", "up", "down"]


class CarveEdit(_Message):
    """Carves the path from a corner to the world's."""

    do: Literal["carve"]
    corner: Corner = "top right"


class LevelEdit(_Message):
    """Takes the maze of a level."""

    do: Literal["level"]
    level: Annotated[int, Field(ge=0, le=MAX_LEVEL)]


class RandomEdit(_Message):
    """Takes a level by lot, or the next one from there that has a size."""

    do: Literal["random"]
    seed: Seed
    size: Annotated[int, Field(ge=3, le=WORLD_SIZE)] | None = None


class SizeEdit(_Message):
    """Takes the next level that has a size."""

    do: Literal["size"]
    size: Annotated[int, Field(ge=3, le=WORLD_SIZE)]


class TextEdit(_Message):
    """Reads a maze from text."""

    do: Literal["text"]
    text: MazeText


class PlainEdit(_Message):
    """Takes the cheese away, or takes a neighbouring level."""

    do: Literal["no_cheese", "next", "previous"]


Edit = Annotated[
    PaintEdit
    | CheeseEdit
    | MouseEdit
    | MoveEdit
    | CarveEdit
    | LevelEdit
    | RandomEdit
    | SizeEdit
    | TextEdit
    | PlainEdit,
    Field(discriminator="do"),
]


class HelloRequest(_Message):
    """A page's first message."""

    kind: Literal["hello"]
    id: RequestId


class PolicyRequest(_Message):
    """Asks which layers a policy has."""

    kind: Literal["policy"]
    id: RequestId
    policy: Annotated[str, Field(max_length=200)]


class ShowRequest(_Message):
    """Asks for all that is drawn live."""

    kind: Literal["show"]
    id: RequestId
    scene: Scene
    have_maze: bool = False
    sliders: Annotated[dict[Word, Coefficient], Field(max_length=32)] | None = None
    edit: Edit | None = None


class ActivationsRequest(_Message):
    """Asks for maps of a layer's activations."""

    kind: Literal["activations"]
    id: RequestId
    scene: Scene
    layer: LayerName
    rank: Literal["cheese", "change", "none"] = "cheese"
    before: MazeText | None = None
    steered: bool = False
    channels: Annotated[tuple[Channel, ...], Field(max_length=64)] | None = None
    count: Annotated[int, Field(ge=1, le=64)] = 12


class EpisodeRequest(_Message):
    """Asks for an episode."""

    kind: Literal["episode"]
    id: RequestId
    scene: Scene
    likeliest: bool = False
    seed: Seed = 0


class SaveRequest(_Message):
    """Asks for a file."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)

    kind: Literal["save"]
    id: RequestId
    scene: Scene
    form: Annotated[Literal["png", "maze_png", "gif", "mp4", "text", "python", "safetensors"], Field(alias="as")]
    likeliest: bool = False
    seed: Seed = 0


Request = HelloRequest | PolicyRequest | ShowRequest | ActivationsRequest | EpisodeRequest | SaveRequest
_requests: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])


def read_request(message: str | bytes | Mapping[str, Any]) -> Request:
    """Check a message.

    Args:
        message: JSON as text, or an object that was read from it.

    Raises:
        MessageError: if it is too long, no JSON, or not by the rules; names the first place that is wrong.
    """
    if isinstance(message, (str, bytes)):
        if len(message) > MAX_MESSAGE_BYTES:
            raise MessageError(f"a message has at most {MAX_MESSAGE_BYTES:,} bytes, got {len(message):,}")
        try:
            message = json.loads(message)
        except (ValueError, RecursionError) as error:
            raise MessageError(f"a message must be JSON: {error}") from None
    number = message.get("id") if isinstance(message, Mapping) else None
    if isinstance(number, bool) or not isinstance(number, int):
        number = None
    try:
        return _requests.validate_python(message)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "message"
        raise MessageError(f"{where}: {first['msg']}", number) from None
    except RecursionError:
        raise MessageError("a message must not be nested so deeply", number) from None
