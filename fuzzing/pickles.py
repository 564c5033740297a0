"""Mutated pickles, operation by operation, and pickles that would run code if anything unpickled them."""

from __future__ import annotations

import itertools
import pickletools
import random
import struct

from .mutations import damaged, int32

MARKER = "code-was-run"
"""The file that the planted code makes, in the folder it runs in."""


def _text(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


_SHELL, _PYTHON = _text(f"touch {MARKER}"), _text(f"open({MARKER!r}, 'w')")
BOMBS = (
    b"cposix\nsystem\n" + _SHELL + b"\x85R0",
    b"cos\nsystem\n" + _SHELL + b"\x85R0",
    b"cbuiltins\neval\n" + _PYTHON + b"\x85R0",
    b"cbuiltins\nexec\n" + _PYTHON + b"\x85R0",
    b"c__builtin__\neval\n" + _PYTHON + b"\x85R0",
    _text("posix") + _text("system") + b"\x93" + _SHELL + b"\x85R0",
    b"(" + _SHELL + b"iposix\nsystem\n0",
    b"(cposix\nsystem\n" + _SHELL + b"o0",
    b"csubprocess\ncall\n(" + _text("touch") + _text(MARKER) + b"l\x85R0",
    b"cfunctools\npartial\ncposix\nsystem\n" + _SHELL + b"\x86R)R0",
)
"""Operations that leave the stack as it was, and run code on the way."""

_GLOBALS = (
    "torch FloatStorage", "torch HalfStorage", "torch DoubleStorage", "torch LongStorage", "torch BoolStorage",
    "torch QInt8Storage", "torch ComplexFloatStorage", "torch BFloat16Storage", "torch.storage UntypedStorage",
    "torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_sparse_tensor", "torch._utils _rebuild_qtensor",
    "torch._utils _rebuild_meta_tensor_no_storage",
    "torch._utils _rebuild_nested_tensor", "torch._utils _rebuild_device_tensor_from_numpy", "torch float16",
    "torch Size", "torch device", "torch.nn.parameter Parameter", "collections OrderedDict", "collections Counter",
    "_codecs encode", "builtins getattr", "builtins set", "posix system", "numpy.core.multiarray _reconstruct", "a b",
)  # fmt: skip
_TEXTS = (
    "",
    "storage",
    "0",
    "1",
    "99",
    "../0",
    "cpu",
    "cuda:0",
    "meta",
    "model_state_dict",
    "\ud800",
    "\x1b[31m",
    "x" * 2000,
)


def operations(pickle: bytes) -> list[bytes]:
    """The bytes of each operation."""
    places = [place for _, _, place in pickletools.genops(pickle)] + [len(pickle)]
    return [pickle[begin:end] for begin, end in itertools.pairwise(places)]


def mutated(rng: random.Random, pickle: bytes) -> bytes:
    """A pickle with one to eight operations changed, in a third of them with a bomb among them."""
    parts = operations(pickle)
    for _ in range(rng.randint(1, 8) if rng.random() < 0.5 else 1):
        place = rng.randrange(1, len(parts))
        kind = rng.randrange(8)
        if kind == 0:
            parts[place] = damaged(rng, parts[place])
        elif kind == 1:
            other = rng.randrange(1, len(parts))
            parts[place], parts[other] = parts[other], parts[place]
        elif kind == 2 and len(parts) > 2:
            del parts[place]
        elif kind == 3:
            parts.insert(place, rng.choice(parts))
        else:
            _change_one(rng, parts, rng.choice((b"c", b"X", b"K", b"M", b"J")))
    if rng.random() < 1 / 3:
        parts.insert(rng.randrange(1, len(parts)), rng.choice(BOMBS))
    return b"".join(parts)


def _change_one(rng: random.Random, parts: list[bytes], kind: bytes) -> None:
    """Give one operation of a kind (a global, a text, a number) another argument."""
    places = [place for place, part in enumerate(parts) if part[:1] == kind]
    if not places:
        return
    if kind == b"c":
        new = b"c" + rng.choice(_GLOBALS).replace(" ", "\n").encode() + b"\n"
    elif kind == b"X":
        new = _text(rng.choice(_TEXTS))
    else:
        new = b"J" + struct.pack("<i", int32(rng, 16))
    parts[rng.choice(places)] = new


def bomb(rng: random.Random) -> bytes:
    """A whole pickle that runs code."""
    return b"\x80" + bytes([rng.choice((2, 4))]) + rng.choice(BOMBS) + rng.choice((b"N.", b"}.", b"]."))
