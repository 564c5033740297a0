"""Small changes of numbers, bytes and JSON."""

from __future__ import annotations

import copy
import math
import random
import struct
from collections.abc import Sequence
from typing import Any

_INTS = (0, 1, -1, 2, 3, 9, 24, 25, 26, 51, 100, 255, 256, 624, 625, 65_536, 2**30, 2**31 - 2, 2**31 - 1, -(2**31))
_FLOATS = (0.0, -0.0, 0.5, 1.0, -0.5, 12.5, 24.5, 25.5, 1e-45, 3e38, -1e30, 2.0**31, math.inf, -math.inf, math.nan)

_JSON: tuple[Any, ...] = (None, 3, -1.5, "x" * 3000, "\x1b[31m", "a\nb", [], {}, [3, 64, 64], True, [[[]]], {"": ""})


def json_changed(rng: random.Random, content: dict[str, Any], more: Sequence[Any] = ()) -> None:
    """Change one to eight of the values in a JSON object, at any depth: others, none, or under another name.

    Args:
        rng: Draws what is changed, and to what.
        content: The object; it is changed in place.
        more: Further values that may be put in.
    """
    for _ in range(rng.randint(1, 8) if rng.random() < 0.5 else 1):
        inside: Any = content
        while inside and rng.random() < 0.7:
            inner = rng.choice(list(inside.values()) if isinstance(inside, dict) else inside)
            if not inner or not isinstance(inner, (dict, list)):
                break
            inside = inner
        if not inside:
            continue
        key = rng.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))
        kind = rng.randrange(5)
        if kind == 0:
            del inside[key]
        elif kind == 1 and isinstance(inside, dict):
            inside[rng.choice(("", "more", "\u2028", "x" * 3000, *content))] = inside.pop(key)
        elif isinstance(inside, list) and kind == 2:
            rng.shuffle(inside)
        else:
            inside[key] = copy.deepcopy(rng.choice((*_JSON, *more)))


def int32(rng: random.Random, now: int) -> int:
    """Another int32: a special one, one nearby, or any."""
    kind = rng.randrange(3)
    if kind == 0:
        return rng.choice(_INTS)
    if kind == 1:
        return max(-(2**31), min(2**31 - 1, now + rng.choice((-2, -1, 1, 2))))
    return rng.randrange(-(2**31), 2**31)


def float32(rng: random.Random, now: float) -> float:
    """Another float32: a special one, one nearby, or any."""
    kind = rng.randrange(3)
    if kind == 0:
        return rng.choice(_FLOATS)
    if kind == 1:
        return now + rng.choice((-1.0, -0.5, -0.001, 0.001, 0.5, 1.0))
    anything: float = struct.unpack("<f", rng.randbytes(4))[0]
    return anything


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Bytes with a few of them changed, put in, taken out, or cut off."""
    place = rng.randrange(len(data) + 1)
    kind = rng.randrange(6)
    if kind == 0:
        return data[:place] + rng.randbytes(rng.randint(1, 8)) + data[place:]
    if kind == 1:
        return data[:place] + data[place + rng.randint(1, 8) :]
    if kind == 2 and rng.random() < 0.3:
        return data[:place]
    if kind == 3:
        return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :] if data[place:] else b""
    new = rng.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * rng.randint(1, 4) if kind == 4 else rng.randbytes(1)
    return data[:place] + new + data[place + len(new) :]
