"""Forward hooks that act in one context alone: unseen by other threads and tasks that run the same module."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import torch
from torch import nn

if TYPE_CHECKING:
    from torch.utils.hooks import RemovableHandle

Hook = Callable[[object], Any]
"""Takes what a module put out, and returns what takes its place; None leaves it."""


@dataclass(frozen=True, eq=False)
class _Block:
    """One ``with`` block of `hooked`, with the module whose layers it hooks."""

    root: nn.Module


_active: ContextVar[tuple[_Block, ...]] = ContextVar("steered_env_active_hooks", default=())
"""The `hooked` blocks that this context is in. A new thread is in none, a task of asyncio in those it was made in."""


class HookError(RuntimeError):
    """A module whose forward pass runs where its hooks cannot act."""


@contextmanager
def hooked(root: nn.Module, hooks: Sequence[tuple[str, Hook]]) -> Iterator[None]:
    """Act on the outputs of modules in a ``with`` block, in forward passes that this context makes.

    The hooks of one module act in the order given, and are removed even when the block raises. What ``torch.compile``
    made runs uncompiled for the time of the block, in every thread: graphs that were compiled without hooks run none.

    Args:
        root: The module that is run.
        hooks: Dotted names of modules in it, each with what happens to the module's output; ``""`` is the root itself.

    Raises:
        HookError: if a layer lies in a part that is scripted or replicated, which never runs hooks, or runs them
            elsewhere, or the block is entered inside a compiled function; in the forward pass, if the layer is run
            under ``torch.utils.checkpoint``, or a scripted copy of the module is run in its place.
    """
    handles: list[RemovableHandle] = []
    block = _Block(root)
    for name, _ in hooks:
        _check_runs_hooks(root, name)
    with _hookable:
        _active.set((*_active.get(), block))
        try:
            for name, hook in hooks:
                handles.append(module_at(root, name).register_forward_hook(_ActsIn(block, name, hook)))
            yield
        finally:
            for handle in handles:
                handle.remove()
            # A block may be left in another context than it was entered in, or out of order, so a token would not do.
            _active.set(tuple(other for other in _active.get() if other is not block))


class _Hookable:
    """Run what ``torch.compile`` made uncompiled, and refuse scripted copies, while any thread is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._stance: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._stance is None and "torch._dynamo" in sys.modules:  # else nothing was compiled yet
                try:
                    self._stance = torch.compiler.set_stance("force_eager")
                except RuntimeError:
                    raise HookError(
                        "no layer can be read or steered from inside a function that torch.compile runs: leave that "
                        "function uncompiled"
                    ) from None
            torch.jit.ScriptModule.__call__ = _call_unless_a_copy  # type: ignore[method-assign]
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside:
                return
            del torch.jit.ScriptModule.__call__
            if self._stance is not None:
                self._stance.__exit__(None, None, None)
                self._stance = None


_hookable = _Hookable()


def _call_unless_a_copy(scripted: torch.jit.ScriptModule, *inputs: Any, **named: Any) -> Any:
    """Run a scripted module, unless it shares weights with a module that is `hooked` here: it would run no hooks."""
    for block in _active.get():
        is_part = any(part is scripted for part in block.root.modules())
        if not is_part and not _addresses(scripted).isdisjoint(_addresses(block.root)):
            raise HookError(
                f"this {type(scripted).__name__} is a scripted copy of the {type(block.root).__name__} whose layers "
                f"are steered or read here, and runs no hooks: run the {type(block.root).__name__} itself"
            )
    return nn.Module.__call__(scripted, *inputs, **named)


def _addresses(module: nn.Module) -> set[int]:
    """The places of a module's weights in memory."""
    return {parameter.data_ptr() for parameter in module.parameters() if parameter.numel()}


def module_at(root: nn.Module, name: str) -> nn.Module:
    """The part of a module with this dotted name, ``""`` for the module itself; also of a scripted module.

    Raises:
        AttributeError: if it has no such part.
    """
    module = root
    for part in name.split(".") if name else ():
        module = getattr(module, part)
        if not isinstance(module, nn.Module):
            raise AttributeError(f"{part!r} of {name!r} is no module")
    return module


@dataclass(frozen=True, eq=False)
class _ActsIn:
    """A forward hook that acts in one block alone."""

    block: _Block
    layer: str
    hook: Hook

    def __call__(self, module: nn.Module, _inputs: object, output: object) -> Any:
        if getattr(module, "_is_replica", False):
            raise HookError(
                f"layer {self.layer!r} runs in a replica of torch.nn.DataParallel, in a thread that no steering "
                "reaches: run the module that it replicates"
            )
        if self.block not in _active.get():
            return None
        _check_runs_once(self.layer)
        return self.hook(output)

    def __deepcopy__(self, _memo: object) -> _ActsIn:
        return self  # copies of the module are steered in the block as the module is

    def __reduce__(self) -> NoReturn:
        raise HookError(
            f"{f'layer {self.layer!r}' if self.layer else 'this module'} is steered or read in a with block, of which "
            "another process would know nothing: leave the block before the module is pickled or sent there"
        )


def _check_runs_hooks(root: nn.Module, name: str) -> None:
    """Refuse a layer that is scripted or replicated, or inside a module that is."""
    module, parts = root, name.split(".") if name else []
    for depth in range(len(parts) + 1):
        module = module if depth == 0 else getattr(module, parts[depth - 1])
        place = ".".join(parts[:depth]) or f"the {type(root).__name__}"
        if isinstance(module, torch.jit.ScriptModule):
            raise HookError(f"{place} is scripted, so that layer {name!r} runs no hooks: use the module it was made of")
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
    while (caller := frame.f_back) is not None:
        frame = caller
        if frame.f_globals.get("__name__") == "torch.utils.checkpoint":
            raise HookError(
                f"layer {name!r} is run under torch.utils.checkpoint, which runs it again in the backward pass, where "
                "no hook acts: switch checkpoints off, or run it in torch.inference_mode()"
            )
