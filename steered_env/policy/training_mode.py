"""Telling networks that act as they will from those that still act as in training."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd


def check_evaluates(module: nn.Module) -> None:
    """Refuse a network of which a part acts at random, or learns from what it sees, since it is in training mode.

    Training mode alone is no fault: most networks act alike in both.

    Raises:
        ValueError: if there is such a part; names it.
    """
    if name := next(_acting_as_in_training(module), None):
        raise ValueError(
            f"{name} of {type(module).__name__} is in training mode, in which it acts differently: call .eval() first"
        )


def _acting_as_in_training(module: nn.Module) -> Iterator[str]:
    for name, part in module.named_modules():
        if not part.training:
            continue
        drops = getattr(part, "p", 0) if isinstance(part, _DropoutNd) else 0
        if isinstance(part, (nn.RNNBase, nn.MultiheadAttention)):
            drops = part.dropout
        if drops or isinstance(part, (_NormBase, nn.RReLU)):
            yield f"{name or 'the whole'} ({type(part).__name__})"
