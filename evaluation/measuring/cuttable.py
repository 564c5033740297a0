"""A check that a policy is an `ImpalaPolicy` as that class builds it, so that its pass may be cut into stages."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from torch import nn
from torch.nn.modules import module as torch_module

from steered_env import ImpalaPolicy

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_EVERYWHERE = ("_global_forward_hooks", "_global_forward_pre_hooks")
_ON_ONE = ("_forward_hooks", "_forward_pre_hooks")


_KINDS = tuple({type(part): None for part in ImpalaPolicy().modules()})


def _written() -> tuple[Any, ...]:
    """The methods that a cut pass goes around, or takes as they are."""
    return (
        ImpalaPolicy.action_probabilities,
        ImpalaPolicy.heads,
        ImpalaPolicy.__call__,
        *(kind.forward for kind in _KINDS),
    )


_AS_IMPORTED = _written()


def is_cuttable(policy: nn.Module) -> TypeIs[ImpalaPolicy]:
    """Whether running a policy's stages one by one does what its ``action_probabilities`` does.

    So it is for an `ImpalaPolicy` whose parts are those of its class, with nothing that a user can put on a network:
    no derived class, replaced part, hook, parametrization, compilation, or method of one's own. Anything else is run
    as a whole, which is always right and takes longer.
    """
    if type(policy) is not ImpalaPolicy or _written() != _AS_IMPORTED:
        return False
    if any(getattr(torch_module, hooks) for hooks in _EVERYWHERE):
        return False
    if any(getattr(part, hooks) for part in policy.modules() for hooks in _ON_ONE):
        return False
    return _build(policy) == _as_built(policy.width)


def _build(policy: nn.Module) -> list[tuple[str, type, frozenset[str]]]:
    """Names and classes of all parts, and what each keeps."""
    return [(name, type(part), frozenset(vars(part))) for name, part in policy.named_modules()]


@lru_cache(maxsize=8)
def _as_built(width: int) -> list[tuple[str, type, frozenset[str]]]:
    return _build(ImpalaPolicy(width))
