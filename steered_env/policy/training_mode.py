"""Telling networks that act as they will from those that still act as in training."""

from __future__ import annotations

from functools import lru_cache
from types import FunctionType

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.utils.parametrizations import _SpectralNorm
from torch.nn.utils.spectral_norm import SpectralNorm


def check_evaluates(module: nn.Module) -> None:
    """Refuse a network of which a part acts at random, or learns from what it sees, since it is in training mode.

    Training mode alone is no fault: most networks act alike in both. Of torch's own parts it is known which do not; of
    others, those count of which a method looks at ``training``. A policy whose ``sets_evaluation_mode`` is true, as
    that of a Stable-Baselines3 model, puts itself into evaluation mode whenever it acts.

    Raises:
        ValueError: if there is such a part; names it.
    """
    if getattr(module, "sets_evaluation_mode", False):
        return
    if (part := _first_acting_as_in_training(module)) is not None:
        name = next((name for name, other in module.named_modules() if other is part and name), "the whole")
        raise ValueError(
            f"{name} ({type(part).__name__}) of {type(module).__name__} is in training mode, in which it acts "
            "differently: call .eval() first"
        )


def _first_acting_as_in_training(module: nn.Module) -> nn.Module | None:
    """Walk through the parts without their names, several times as fast: steered policies do so at every step."""
    parts = [module]
    while parts:
        part = parts.pop()
        if part.training and _heeds_training_mode(part):
            return part
        parts += [child for child in part._modules.values() if child is not None]
    return None


def _heeds_training_mode(part: nn.Module) -> bool:
    """Tell whether a module, without its parts, acts in training mode as it does in no other."""
    if isinstance(part, _DropoutNd):
        return part.p > 0
    if isinstance(part, (nn.RNNBase, nn.MultiheadAttention)):
        return part.dropout > 0
    if isinstance(part, (_NormBase, nn.RReLU, _SpectralNorm)):
        return True
    if any(isinstance(hook, SpectralNorm) for hook in part._forward_pre_hooks.values()):
        return True
    return _reads_training_mode(type(part))  # type: ignore[arg-type]  # mypy takes the class for one of its instances


@lru_cache(maxsize=256)
def _reads_training_mode(kind: type) -> bool:
    """Tell whether a method of a class, as far as it is not torch's own, looks at ``training``."""
    written = [member for parent in kind.__mro__ if not _is_of_torch(parent) for member in vars(parent).values()]
    return any("training" in member.__code__.co_names for member in written if isinstance(member, FunctionType))


def _is_of_torch(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "torch"
