"""State dicts with some of their tensors changed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

FIRST = "embedder.block1.conv.weight"
_NUMBERS = (0.0, -0.0, 1.0, -3.0, 1e-7, 65504.0, float("nan"), float("inf"))
_DTYPES = (
    torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int64, torch.bool, torch.complex64,
    torch.float8_e4m3fn, torch.float8_e5m2,
)  # fmt: skip
_ODD_VALUES: tuple[Any, ...] = (None, 3, "text", [], {}, {"a": torch.zeros(1)}, (1, 2), b"bytes", float("nan"))
_ODD_NAMES: tuple[Any, ...] = ("lstm.weight", "", 3, None, (1, 2), b"fc", "\x1b[31m", "x" * 5000, "a\nb", "\ud800", 0.5)


def changed(rng: random.Random, state: dict[str, Tensor]) -> dict[Any, Any]:
    """A state dict with one to eight of its entries changed."""
    result: dict[Any, Any] = dict(state)
    harmless = rng.random() < 0.4
    count = rng.randint(1, 8) if harmless or rng.random() < 0.4 else 1
    names = rng.sample(list(state), count)
    if FIRST in state and FIRST not in names and rng.random() < 0.2:
        names[0] = FIRST  # what the width is read from
    for name in names:
        rng.choice((_other_numbers, _other_float) if harmless else _KINDS)(rng, result, name)
    return result


def _other_numbers(rng: random.Random, state: dict[Any, Any], name: str) -> None:
    tensor = state[name].clone()
    for _ in range(rng.randint(1, 4)):
        tensor.view(-1)[rng.randrange(tensor.numel())] = rng.choice(_NUMBERS) if rng.random() < 0.2 else rng.gauss(0, 1)
    state[name] = tensor


def _other_float(rng: random.Random, state: dict[Any, Any], name: str) -> None:
    state[name] = state[name].to(rng.choice(_DTYPES[:4]))


def _other_dtype(rng: random.Random, state: dict[Any, Any], name: str) -> None:
    state[name] = state[name].to(rng.choice(_DTYPES))


def _other_shape(rng: random.Random, state: dict[Any, Any], name: str) -> None:
    tensor: Tensor = state[name]
    makers: tuple[Callable[[], Tensor], ...] = (
        lambda: tensor.flatten(),
        lambda: tensor[None],
        lambda: tensor.flip(0),
        lambda: tensor[:0],
        lambda: tensor[: rng.randint(1, 16)],
        lambda: tensor.transpose(0, -1),
        lambda: tensor.repeat(rng.randint(2, 3), *[1] * (tensor.ndim - 1)),
        lambda: torch.zeros(
            rng.choice(((), (7,), (17, 3, 3, 3), (32, 3, 3, 3), (1_600_000, 3, 0, 3), (2**40, 0, 1, 1)))
        ),
    )
    state[name] = rng.choice(makers)()


def _claimed(rng: random.Random, state: dict[Any, Any], name: str) -> None:
    """One number that stands for many, also for a network of another width."""
    shape = list(state[name].shape)
    if rng.random() < 0.5:
        shape[0] *= rng.choice((2, 3, 60, 100_000))
    state[name] = torch.zeros([1] * len(shape), dtype=torch.float16).expand(shape)


def _other_layout(rng: random.Random, state: dict[Any, Any], name: str) -> None:
    tensor: Tensor = state[name]
    makers: tuple[Callable[[], Tensor], ...] = (
        lambda: tensor.to_sparse(),
        lambda: tensor.to("meta"),
        lambda: torch.quantize_per_tensor(tensor.float(), 0.1, 0, torch.qint8),
        lambda: torch.nn.Parameter(tensor.float()),
        lambda: tensor.float().transpose(0, -1).contiguous().transpose(0, -1),
        lambda: torch.nested.nested_tensor([tensor.float(), tensor.float()]),
        lambda: torch.cat([tensor, tensor])[tensor.shape[0] :],
    )
    state[name] = rng.choice(makers)()


def _no_tensor(rng: random.Random, state: dict[Any, Any], name: str) -> None:
    state[name] = rng.choice(_ODD_VALUES)


def _missing(_rng: random.Random, state: dict[Any, Any], name: str) -> None:
    del state[name]


def _renamed(rng: random.Random, state: dict[Any, Any], name: str) -> None:
    state[rng.choice(_ODD_NAMES)] = state.pop(name)


def _more(rng: random.Random, state: dict[Any, Any], _name: str) -> None:
    for odd in rng.sample(_ODD_NAMES, rng.randint(1, 3)):
        state[odd] = rng.choice((torch.zeros(2), *_ODD_VALUES))


_KINDS = (
    _other_numbers, _other_dtype, _other_shape, _claimed, _other_layout, _other_layout, _no_tensor, _missing, _renamed,
    _more,
)  # fmt: skip
