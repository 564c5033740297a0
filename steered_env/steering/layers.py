"""Finding a network's layers by name, and reading their activations."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from steered_env.policy import to_input

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch.utils.hooks import RemovableHandle

DEFAULT_LAYER = "embedder.block2.res1.resadd"
"""The output of the residual add in the middle of the network, where Mini et al. (2023) steer."""

_LITERATURE_SUFFIX = "_out"


class LayerError(ValueError):
    """A layer that a network does not have."""


def _short(value: object) -> str:
    return repr(value) if isinstance(value, (str, int, float, type(None))) else type(value).__name__


def find_layer(module: nn.Module, name: str) -> str:
    """The dotted name under which ``module`` has the layer ``name``.

    A name with ``_out`` at the end, as the literature writes ``embedder.block2.res1.resadd_out`` for the output of
    ``…resadd``, is understood.

    Raises:
        LayerError: if there is no such layer; it lists the nearest names.
    """
    names = [known for known, _ in module.named_modules() if known]
    for candidate in (name, name.removesuffix(_LITERATURE_SUFFIX)):
        if candidate in names:
            return candidate
    near = difflib.get_close_matches(name, names, n=4, cutoff=0.3) or names[:4]
    raise LayerError(f"{type(module).__name__} has no layer {name!r}; near names are {', '.join(near) or 'none'}")


def layer_names(layer: str | Iterable[str]) -> tuple[str, ...]:
    """One layer or several, as a tuple.

    Raises:
        TypeError: if it is something else.
    """
    names = (layer,) if isinstance(layer, str) else tuple(layer) if isinstance(layer, Iterable) else (layer,)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"layer must be a dotted name such as {DEFAULT_LAYER!r}, or several, got {name!r}")
    return names


@contextmanager
def hooked(hooks: Sequence[tuple[nn.Module, Any]]) -> Iterator[None]:
    """Register forward hooks for the time of a ``with`` block; they go away even when it raises."""
    handles: list[RemovableHandle] = []
    try:
        for module, hook in hooks:
            handles.append(module.register_forward_hook(hook))
        yield
    finally:
        for handle in handles:
            handle.remove()


def tensor_of(output: object, layer: str) -> Tensor:
    """A layer's output, if it is one tensor.

    Raises:
        LayerError: if it is something else.
    """
    if not isinstance(output, Tensor):
        raise LayerError(
            f"layer {layer!r} puts out {type(output).__name__}, not one tensor: it can be neither read nor "
            "steered; choose a layer inside it"
        )
    return output


def read_activations(module: nn.Module, layers: Sequence[str], inputs: Tensor) -> dict[str, Tensor]:
    """What the named layers put out for ``inputs``: name to tensor ``(B, …)``.

    Raises:
        LayerError: if a layer does not exist, is not reached by the forward pass, or puts out no tensor.
    """
    read: dict[str, Tensor] = {}

    def reader(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            read[name] = tensor_of(output, name)

        return hook

    modules = {find_layer(module, name): name for name in layers}
    with torch.inference_mode(), hooked([(module.get_submodule(n), reader(n)) for n in modules]):
        module(inputs)
    if missed := [name for name in modules if name not in read]:
        raise LayerError(f"the forward pass of {type(module).__name__} does not reach layer {missed[0]!r}")
    return read


def read_frames(module: nn.Module, layers: Sequence[str], frames: NDArray[np.uint8]) -> dict[str, Tensor]:
    """What the named layers put out for frames ``(B, 64, 64, 3)`` uint8, on the module's own device.

    Raises:
        TypeError: if ``module`` is none.
        LayerError: as `read_activations`.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"a policy whose activations are to be read must be a torch module, such as load_policy() gives, got "
            f"{_short(module)}"
        )
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    return read_activations(module, layers, to_input(frames, device))
