"""Mutated ``.safetensors`` files: their tensors, their header, entry by entry, and their bytes."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from . import tensors
from .mutations import damaged, json_changed

_DTYPES = ("F16", "BF16", "I16", "U16", "F32", "F64", "I8", "BOOL", "F8_E4M3", "F8_E8M0", "F4", "F6_E2M3", "C64", "Q4")


def mutated(rng: random.Random, state: dict[str, Tensor]) -> bytes:
    """A file with some of its tensors changed, its header, its bytes, or several of these."""
    whole = _saved(tensors.changed(rng, state) if rng.random() < 0.6 else dict(state))
    kind = rng.random()
    if kind < 0.5:
        return whole
    length = struct.unpack_from("<Q", whole)[0]
    header, data = json.loads(whole[8 : 8 + length]), whole[8 + length :]
    if kind < 0.9:
        json_changed(rng, header, (*_DTYPES, 2**64, [2**32, 2**32], [[3]], [0, 2**64 - 1], [9, 3]))
    text = json.dumps(header).encode()
    length = len(text)
    if 0.8 <= kind < 0.9:
        text = damaged(rng, text)
    elif 0.9 <= kind < 0.95:
        length = rng.choice((0, 1, length - 1, length + 1, length + len(data) + 1, 2**31, 2**63, 2**64 - 1))
    elif kind >= 0.95:
        data = data[: rng.randrange(len(data))]
    return struct.pack("<Q", length) + text + data


def _saved(state: dict[Any, Any]) -> bytes:
    """The file with those of the entries that such a file can hold."""
    kept: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if isinstance(name, str) and name.isprintable() and isinstance(tensor, Tensor) and _is_storable(tensor):
            kept[name] = tensor.detach().clone()
    return save(kept, {"seed": "0"})


def _is_storable(tensor: Tensor) -> bool:
    odd = tensor.is_nested or tensor.is_meta or tensor.is_quantized or tensor.layout != torch.strided
    return not odd and tensor.is_contiguous()
