"""Forward hooks that act in one context alone: unseen by other threads and tasks that run the same module."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle

Hook = Callable[[object], Any]
"""What a layer put out, to what it shall put out instead; None leaves it."""

_active: ContextVar[tuple[object, ...]] = ContextVar("steered_env_active_hooks", default=())
"""The `hooked` blocks that this context is in. A new thread is in none; a task of asyncio in those it was made in."""


class HookError(RuntimeError):
    """A module whose forward pass does not run where its hooks could act."""


@contextmanager
def hooked(root: nn.Module, hooks: Sequence[tuple[str, Hook]]) -> Iterator[None]:
    """Act on the outputs of layers in a ``with`` block, in forward passes that this context makes.

    The hooks of one layer act in the order given; all go away even when the block raises.

    Args:
        root: the module that is run.
        hooks: dotted names of its layers, each with what happens to the layer's output.

    Raises:
        HookError: if a layer lies in a part that is compiled, scripted or replicated, which never runs hooks, or runs
            them elsewhere; in the forward pass, if the layer is run under ``torch.utils.checkpoint``.
    """
    handles: list[RemovableHandle] = []
    block = object()
    for name, _ in hooks:
        _check_runs_hooks(root, name)
    _active.set((*_active.get(), block))
    try:
        for name, hook in hooks:
            handles.append(module_at(root, name).register_forward_hook(_only_in(block, name, hook)))
        yield
    finally:
        for handle in handles:
            handle.remove()
        # not by a token: a block may be left in another context than it was entered in, or out of order
        _active.set(tuple(other for other in _active.get() if other is not block))


def module_at(root: nn.Module, name: str) -> nn.Module:
    """The part of a module with this dotted name; of any module, a scripted one too.

    Raises:
        AttributeError: if it has no such part.
    """
    for part in name.split("."):
        root = getattr(root, part)
        if not isinstance(root, nn.Module):
            raise AttributeError(f"{part!r} of {name!r} is no module")
    return root


def _only_in(block: object, name: str, hook: Hook) -> Any:
    def act(module: nn.Module, _inputs: object, output: object) -> Any:
        if getattr(module, "_is_replica", False):
            raise HookError(
                f"layer {name!r} runs in a replica of torch.nn.DataParallel, in a thread that no steering reaches: run "
                "the module that it replicates"
            )
        if block not in _active.get():
            return None
        _check_runs_once(name)
        return hook(output)

    return act


def _check_runs_hooks(root: nn.Module, name: str) -> None:
    module = root
    parts = name.split(".")
    for depth in range(len(parts) + 1):
        if depth:
            module = getattr(module, parts[depth - 1])
        place = ".".join(parts[:depth]) or f"the {type(root).__name__}"
        if isinstance(module, torch.jit.ScriptModule):
            raise HookError(f"{place} is scripted, so that layer {name!r} runs no hooks: use the module it was made of")
        if "_orig_mod" in module._modules:
            raise HookError(
                f"{place} is compiled, so that layer {name!r} may run no hooks: use its _orig_mod, or compile nothing"
            )
        if module._compiled_call_impl is not None:
            raise HookError(
                f"{place} is compiled in place, so that layer {name!r} may run no hooks: use a copy that compile() was "
                "not called on"
            )
        if isinstance(module, nn.DataParallel) and len(module.device_ids) > 1:
            raise HookError(
                f"{place} is a DataParallel on {len(module.device_ids)} devices, whose replicas run in threads that no "
                "steering reaches: use its .module"
            )


def _check_runs_once(name: str) -> None:
    """Refuse a layer that the backward pass would run again, when nothing changes it any more."""
    if torch.is_inference_mode_enabled():
        return
    frame = sys._getframe(1)
    while (before := frame.f_back) is not None:
        frame = before
        if frame.f_globals.get("__name__") == "torch.utils.checkpoint":
            raise HookError(
                f"layer {name!r} is run under torch.utils.checkpoint, which runs it again in the backward pass, where "
                "no hook acts: switch checkpoints off, or run it in torch.inference_mode()"
            )
