"""Mutated ``.safetensors`` files: their header, entry by entry, and their bytes."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

from safetensors.torch import save
from torch import Tensor

from .mutations import damaged, int32

_SIZES = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8, "I8": 1, "U8": 1, "I16": 2, "U16": 2, "I64": 8, "BOOL": 1}
_SAME_SIZE = ("F16", "BF16", "F16", "I16", "U16")
_ODD_DTYPES = (*_SIZES, "F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "F6_E2M3", "C64", "Q4", "", None, 3)
_NAMES = ("lstm.weight", "", "__metadata__", "\x1b[31m", "x" * 3000, "a\nb", "fc_value.bias", "\u2028")
_HARMLESS = b"\x00\x3c", b"\x00\xbc", b"\x01\x00", b"\x66\x2e"  # 1, −1, a subnormal, 0.1
_NOT_FINITE = b"\x00\x7c", b"\x01\x7e", b"\xff\xff"

Header = dict[str, Any]


def base(state: dict[str, Tensor]) -> bytes:
    """The file that is mutated."""
    return save({name: tensor.contiguous() for name, tensor in state.items()}, {"seed": "0"})


def mutated(rng: random.Random, whole: bytes) -> bytes:
    """The file with one to eight of its fields changed."""
    length = struct.unpack_from("<Q", whole)[0]
    header: Header = json.loads(whole[8 : 8 + length])
    data = bytearray(whole[8 + length :])
    level = rng.random()
    for _ in range(rng.randint(1, 8) if level < 0.6 else 1):
        if level < 0.3:
            _numbers(rng, header, data)
        elif level < 0.7:
            rng.choice((_numbers, _numbers, _dtype, _shape, _renamed, _removed, _metadata))(rng, header, data)
        elif level < 0.8:
            _replaced(rng, header, data)
        elif level < 0.9:
            _field(rng, header)
    text = json.dumps(header).encode()
    if level >= 0.95:
        text = damaged(rng, text)
    length = len(text)
    if 0.9 <= level < 0.95:
        length = rng.choice((0, 1, length - 1, length + 1, length + len(data) + 1, 2**31, 2**63, 2**64 - 1))
    if level >= 0.98:
        del data[rng.randrange(len(data)) :]
    return struct.pack("<Q", length) + text + bytes(data)


def _tensor(rng: random.Random, header: Header) -> str:
    return rng.choice([name for name in header if name != "__metadata__"])


def _numbers(rng: random.Random, header: Header, data: bytearray) -> None:
    values = _HARMLESS if rng.random() < 0.9 else _NOT_FINITE
    begin, end = header[_tensor(rng, header)]["data_offsets"]
    place = begin + 2 * rng.randrange(max((end - begin) // 2, 1))
    data[place : place + 2] = rng.choice(values)


def _dtype(rng: random.Random, header: Header, _data: bytearray) -> None:
    header[_tensor(rng, header)]["dtype"] = rng.choice(_SAME_SIZE)


def _shape(rng: random.Random, header: Header, _data: bytearray) -> None:
    entry = header[_tensor(rng, header)]
    shape = entry["shape"]
    entry["shape"] = rng.choice((shape[::-1], [1, *shape], rng.sample(shape, len(shape)), [*shape, 1]))


def _renamed(rng: random.Random, header: Header, _data: bytearray) -> None:
    one, other = _tensor(rng, header), rng.choice((*_NAMES, _tensor(rng, header)))
    if other in header and other != "__metadata__":
        header[one], header[other] = header[other], header[one]
    else:
        header[other] = header.pop(one)


def _removed(rng: random.Random, header: Header, data: bytearray) -> None:
    """Take a tensor out, numbers and all; sometimes leave a hole instead."""
    del header[_tensor(rng, header)]
    if rng.random() < 0.8:
        _compacted(header, data)


def _metadata(rng: random.Random, header: Header, _data: bytearray) -> None:
    header["__metadata__"] = rng.choice(({}, {"seed": "x" * 9999}, {"a": 3}, {"": ""}, [], None, {"seed": '{"'}))


def _replaced(rng: random.Random, header: Header, data: bytearray) -> None:
    """Give one tensor another dtype and shape, with numbers that fit, at the end of the file."""
    name = _tensor(rng, header) if rng.random() < 0.5 else "embedder.block1.conv.weight"
    if name not in header:
        return
    dtype = rng.choice(list(_SIZES))
    shapes: tuple[list[int], ...] = (
        [16, 3, 3, 3],
        [32, 3, 3, 3],
        [1_600_000, 3, 0, 3],
        [2**40, 0, 1, 1],
        [0],
        [],
        [17, 3, 3, 3],
        [7],
    )
    shape = rng.choice(shapes)
    size = _SIZES[dtype]
    for side in shape:
        size *= side
    del header[name]
    _compacted(header, data)
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + size]}
    data += b"\0" * size


def _compacted(header: Header, data: bytearray) -> None:
    """Leave no hole between the tensors' numbers."""
    kept = bytearray()
    for entry in header.values():
        if isinstance(entry, dict) and "data_offsets" in entry:
            begin, end = entry["data_offsets"]
            entry["data_offsets"] = [len(kept), len(kept) + end - begin]
            kept += data[begin:end]
    data[:] = kept


def _field(rng: random.Random, header: Header) -> None:
    entry = header[_tensor(rng, header)]
    kind = rng.randrange(4)
    if kind == 0:
        entry["dtype"] = rng.choice(_ODD_DTYPES)
    elif kind == 1:
        entry["shape"] = rng.choice(([-1], [2**64], [1.5], "3", None, [int32(rng, 3), 3], [2**32, 2**32], [[3]]))
    elif kind == 2:
        entry["data_offsets"] = rng.choice(([0, 0], [9, 3], [-1, 3], [0, 2**64 - 1], [int32(rng, 0), 9], None, [1]))
    else:
        entry[rng.choice(("dtype", "shape", "data_offsets", "more"))] = rng.choice((None, {}, [], "x", 3, True))
