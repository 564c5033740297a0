"""Choosing the precision of training."""

import torch


def has_fast_bfloat16(device: torch.device) -> bool:
    """Tell whether a device multiplies matrices faster in bfloat16 than in float32.

    On a CPU that takes matrix units (AMX); with vector instructions alone bfloat16 is slower.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))
