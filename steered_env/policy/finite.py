"""Reject weights that are not finite."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn


def check_finite(named: nn.Module | Iterable[tuple[str, Tensor]]) -> None:
    """Reject parameters that are not finite: with a NaN among them every probability may be NaN.

    Args:
        named: A module, or names with tensors. Buffers of a module may hold what they like.

    Raises:
        ValueError: if one is not; names it.
    """
    for name, tensor in named.named_parameters() if isinstance(named, nn.Module) else named:
        if bool(tensor.detach().sum().isfinite()):  # as no sum is with one among them that is not; this takes less time
            continue
        finite = tensor.detach().isfinite()
        if not bool(finite.all()):
            raise ValueError(
                f"the policy's {name} holds numbers that are not finite ({int((~finite).sum())} of {finite.numel()}), "
                "so that it would choose nothing: take weights from before training diverged"
            )
