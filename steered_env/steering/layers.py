"""Finding a network's layers by name, and reading their activations."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from steered_env.policy import as_batch, policy_of

from .hooks import Hook, hooked, module_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Seen = NDArray[np.uint8] | Tensor

DEFAULT_LAYER = "embedder.block2.res1.resadd"
"""The output of the residual add in the middle of the network, where Mini et al. (2023) steer."""

_LITERATURE_SUFFIX = "_out"


class LayerError(ValueError):
    """A layer that a network does not have, or that cannot be read or steered."""


def find_layer(module: nn.Module, name: str) -> str:
    """The dotted name under which ``module`` has the layer ``name``.

    A network may be a part of a larger module: a name without the part's own, such as ``embedder.block2`` for
    ``features_extractor.embedder.block2``, is understood as long as only one layer ends so. So is a name with ``_out``
    at the end, as the literature writes ``embedder.block2.res1.resadd_out`` for the output of ``…resadd``. The other
    way round, the name that a layer has in a larger module is understood by the part alone: of a name whose first word
    the module does not know, as many words are left out as it takes.

    Raises:
        LayerError: if there is no such layer, and it lists the nearest names; or several, and it lists those.
    """
    return _located(module, name)[1]


def _located(module: nn.Module, name: str) -> tuple[str, str]:
    """The name that was asked for, in the form that was found, and the full name of that layer."""
    for left_out in range(1 if _has(module, name.split(".")[0]) else name.count(".") + 1):
        for asked in _spellings(name):
            for prefix in _wrapped(module):
                rest = prefix + asked.split(".", left_out)[-1]
                if _has(module, rest):
                    return asked, rest
        for asked in _spellings(name):
            rest = asked.split(".", left_out)[-1]
            ends_so = [known for known, _ in module.named_modules() if known.endswith(f".{rest}")]
            if len(ends_so) > 1:
                raise LayerError(
                    f"{type(module).__name__} has several layers {rest!r}: {', '.join(ends_so[:4])}; name one in full"
                )
            if ends_so:
                return asked, ends_so[0]
    names = [known for known, _ in module.named_modules() if known]
    near = difflib.get_close_matches(name, names, n=4, cutoff=0.3) or names[:4]
    raise LayerError(f"{type(module).__name__} has no layer {name!r}; near names are {', '.join(near) or 'none'}")


def _spellings(name: str) -> list[str]:
    """A layer's name as it was asked for, and as we write it."""
    return [spelling for spelling in dict.fromkeys((name, name.removesuffix(_LITERATURE_SUFFIX))) if spelling]


def _wrapped(module: nn.Module) -> Iterator[str]:
    """The prefixes of a module's own layers, and of those of the module that it does nothing but wrap."""
    prefix = ""
    yield prefix
    while True:
        children = dict(module.named_children())
        name = "module" if "module" in children else next(iter(children), "")
        if not name or (len(children) > 1 and name != "module"):
            return
        prefix, module = f"{prefix}{name}.", children[name]
        yield prefix


def _has(module: nn.Module, name: str) -> bool:
    try:
        module_at(module, name)
    except AttributeError:
        return False
    return True


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


def read_activations(policy: object, layers: Sequence[str], seen: Seen) -> dict[str, Tensor]:
    """What the named layers put out while a policy looks at something.

    Frames go the policy's own way, through its ``action_probabilities``, so that each layer gets what it gets when the
    policy acts. A tensor is handed to the module as it is.

    Args:
        policy: a policy, or a Stable-Baselines3 model; for a tensor any torch module.
        layers: dotted names; of several names of one layer the first is kept.
        seen: frames ``(B, 64, 64, 3)`` uint8, or the module's input as a tensor.

    Returns:
        Name to tensor ``(B, …)``.

    Raises:
        TypeError: if it is no policy, or one of which it is not known what it takes; the message says what to write.
        LayerError: if a layer does not exist, is not reached, puts out no tensor, or not one activation for each frame.
    """
    if isinstance(seen, Tensor):
        if not isinstance(policy, nn.Module):
            raise TypeError(f"a tensor goes into a torch module, got {type(policy).__name__}")
        return {name: parts[-1].clone() for name, parts in _recorded(policy, policy, layers, seen).items()}
    frames, module = as_batch(seen), policy_of(policy)
    read = {}
    for name, parts in _recorded(module, module.action_probabilities, layers, frames).items():
        activations = torch.cat(parts) if all(part.ndim for part in parts) else parts[-1]
        if activations.ndim == 0 or len(activations) != len(frames):
            raise LayerError(
                f"layer {name!r} of {type(module).__name__} puts out activations of shape "
                f"{tuple(activations.shape)} for {len(frames)} frames, not one for each: it can be neither read nor "
                "steered; choose another"
            )
        read[name] = activations
    return read


def _recorded(module: nn.Module, run: object, layers: Sequence[str], seen: Seen) -> dict[str, list[Tensor]]:
    """What layers put out, call by call; copies, since a later layer may write into what it gets."""
    assert callable(run)
    names: dict[nn.Module, tuple[str, str]] = {}
    for layer in layers:
        asked, found = _located(module, layer)
        names.setdefault(module_at(module, found), (asked, found))
    recorded: dict[str, list[Tensor]] = {asked: [] for asked, _ in names.values()}

    def recorder(asked: str) -> Hook:
        return lambda output: recorded[asked].append(tensor_of(output, asked).detach().clone())

    with torch.inference_mode(), hooked(module, [(found, recorder(asked)) for asked, found in names.values()]):
        run(seen)
    if missed := [name for name, parts in recorded.items() if not parts]:
        raise LayerError(f"the forward pass of {type(module).__name__} does not reach layer {missed[0]!r}")
    return recorded
