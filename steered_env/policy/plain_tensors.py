"""Tell tensors that can be weights from others that a file may hold."""

from __future__ import annotations

import torch
from torch import Tensor

NOT_PLAIN = "must be a dense tensor with each of its numbers in the file, none standing for many; save it as such"


def is_plain(tensor: Tensor) -> bool:
    """Tell whether a tensor is dense, with each of its numbers in memory.

    Not so are sparse, nested and quantized ones, those on the meta device, and those where one number stands for
    many: such a one may be of any size in a small file, and just to compare it with another takes for ever.
    """
    if tensor.is_nested or tensor.is_meta or tensor.is_quantized or tensor.layout != torch.strided:
        return False
    return tensor.untyped_storage().nbytes() >= tensor.numel() * tensor.element_size()
