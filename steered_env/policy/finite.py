"""Whether a network's weights are numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BFLOAT16_EXPONENT = 0x7F80
"""All of these bits are set in an infinity and in a NaN."""


def check_finite(named: nn.Module | Iterable[tuple[str, Tensor]]) -> None:
    """Make sure that all parameters of a module are finite: with a NaN among them every probability may be NaN.

    Args:
        named: a module, or names with tensors. Buffers of a module may hold what they like.

    Raises:
        ValueError: if one is not; names it.
    """
    for name, tensor in named.named_parameters() if isinstance(named, nn.Module) else named:
        finite = _finite(tensor)
        if not finite.all():
            raise ValueError(
                f"the policy's {name} holds numbers that are not finite ({(~finite).sum()} of {finite.size}), so that "
                "it would choose nothing: take weights from before training diverged"
            )


def _finite(tensor: Tensor) -> NDArray[np.bool_]:
    """With numpy: torch's threads would wait for ever in a process that was forked from one that had used them."""
    tensor = tensor.detach().cpu().contiguous()
    if tensor.dtype != torch.bfloat16:
        finite: NDArray[np.bool_] = np.isfinite(tensor.numpy())
        return finite
    bits = tensor.view(torch.int16).numpy()  # numpy has no bfloat16
    exponents: NDArray[np.bool_] = bits & _BFLOAT16_EXPONENT != _BFLOAT16_EXPONENT
    return exponents
