"""Reading the activations of a network while it looks at something."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from steered_env.policy import ActionProbabilities, as_batch, check_evaluates, is_observations, policy_of, sb3_parts

from .hooks import Hook, hooked, module_at
from .layers import LayerError, Place, located
from .outputs import tensor_at, with_tensor


class Reading(NamedTuple):
    """How a network is made to look at something.

    Attributes:
        module: The module whose layers are read.
        run: Makes the forward pass.
        examples: Number of examples that it looks at; None if that cannot be told from what it is given.
    """

    module: nn.Module
    run: Callable[[], object]
    examples: int | None


def read_activations(policy: object, layers: Sequence[str], seen: Any) -> dict[str, Tensor]:
    """Read what the named layers put out while a network looks at something.

    Args:
        policy: A policy, a Stable-Baselines3 model or its policy, or any torch module.
        layers: Layer names, see `find_layer`; of several names of one layer the first is kept.
        seen: Observations ``(B, 64, 64, 3)`` uint8, which go a policy's own way, through its ``action_probabilities``;
            or an input of the network, see `reading_of`.

    Returns:
        Name to tensor ``(B, …)``.

    Raises:
        TypeError: if the network cannot look at this; the message says what to write.
        ValueError: if a part of the module that acts differently in training is in training mode.
        LayerError: if a layer does not exist, is not reached, puts out no tensor, or not one activation for each
            example.
    """
    reading = reading_of(policy, seen)
    recorded = _recorded(reading, layers)
    return {name: _joined(name, parts, reading) for name, parts in recorded.items()}


def reading_of(policy: object, seen: Any) -> Reading:
    """How a network looks at something.

    - Observations of mazes, an array ``(B, 64, 64, 3)`` uint8: through ``action_probabilities``, so that each layer
      gets what it gets when the policy acts.
    - Another array, for a Stable-Baselines3 model: as an observation of its environment, through its ``predict``.
    - A tensor, another array, or a tuple of arguments or a dict of named ones, for any other module: as its input.

    Raises:
        TypeError: if the network cannot look at this.
        ValueError: if a part of the module that acts differently in training is in training mode, or observations are
            scaled that a Stable-Baselines3 model scales itself.
    """
    model = sb3_parts(policy)
    if model is not None and isinstance(seen, (np.ndarray, Mapping)) and model.takes(seen):
        model.check_scale(seen)
        return Reading(model.network, lambda: model.chooser.predict(seen, deterministic=True), model.examples(seen))
    if is_observations(seen) or (isinstance(seen, np.ndarray) and _is_maze_policy(policy)):
        observations, module = as_batch(seen), policy_of(policy)
        check_evaluates(module)
        return Reading(module, lambda: module.action_probabilities(observations), len(observations))  # type: ignore[operator]
    if model is not None and not isinstance(seen, (Tensor, tuple)):
        raise TypeError(
            f"{type(policy).__name__} takes observations of {model.policy.observation_space}, got "
            f"{f'shape {seen.shape}' if isinstance(seen, np.ndarray) else repr(seen)}"
        )
    network = policy if isinstance(policy, nn.Module) else None if model is None else model.network
    if network is None:
        policy_of(policy)  # says what is wrong with it
        raise TypeError(f"an input goes into a torch module, got {type(policy).__name__}")
    check_evaluates(network)
    arguments, named = _arguments(seen, network)
    tensors = [value for value in (*arguments, *named.values()) if isinstance(value, Tensor) and value.ndim]
    return Reading(network, lambda: network(*arguments, **named), len(tensors[0]) if tensors else None)


@contextmanager
def reading_tensors(module: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Collect the tensors that layers put out in one pass in a ``with`` block, with their gradients' graph.

    Yields:
        A dict that is filled in the block: a layer's name, of several names the first, to its tensor.

    Raises:
        LayerError: if a layer does not exist, puts out no tensor, or runs twice; at the end, if one is not reached.
    """
    tensors: dict[str, Tensor] = {}

    def collector(asked: str, place: Place) -> Hook:
        def collect(output: object) -> object:
            tensor = tensor_at(output, place)
            if torch.is_grad_enabled() and not tensor.requires_grad:  # of frozen weights: the graph begins here
                tensor = tensor.detach().requires_grad_()
            if asked in tensors:
                raise LayerError(f"layer {asked!r} of {type(module).__name__} runs more than once in one pass")
            tensors[asked] = tensor
            return with_tensor(output, place.entries, tensor.clone())  # a later layer may write into what it gets

        return collect

    places = _each_once(module, layers)
    with hooked(module, [(place.module, collector(asked, place)) for asked, place in places]):
        yield tensors
    _check_reached(module, [asked for asked, _ in places if asked not in tensors])


def _is_maze_policy(policy: object) -> bool:
    return isinstance(policy, nn.Module) and isinstance(policy, ActionProbabilities)


def _arguments(seen: Any, module: nn.Module) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a module is called with; arrays become tensors on its device, in the precision of its weights."""
    if isinstance(seen, Mapping):
        return (), {name: _as_tensor(value, module) for name, value in seen.items()}
    if isinstance(seen, tuple):
        return tuple(_as_tensor(value, module) for value in seen), {}
    return (_as_tensor(seen, module),), {}


def _as_tensor(value: Any, module: nn.Module) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    weight = next((p for p in module.parameters() if p.is_floating_point()), torch.empty(0))
    tensor = torch.from_numpy(np.array(value))
    return tensor.to(weight.device, weight.dtype if tensor.is_floating_point() else tensor.dtype)


def _joined(name: str, parts: Sequence[Tensor], reading: Reading) -> Tensor:
    """The activations of all examples, from the parts in which the network ran."""
    kind, examples = type(reading.module).__name__, reading.examples
    if examples is None and len(parts) > 1:
        raise LayerError(f"layer {name!r} of {kind} puts out its activations {len(parts)} times in one pass")
    activations = torch.cat(list(parts)) if all(part.ndim for part in parts) else parts[-1]
    if activations.ndim == 0 or (examples is not None and len(activations) != examples):
        times = f", in {len(parts)} calls," if len(parts) > 1 else ""
        raise LayerError(
            f"layer {name!r} of {kind} puts out activations of shape {tuple(parts[-1].shape)}{times} for {examples} "
            "examples, not one for each: give a batch, such as input[None], or choose another layer"
        )
    return activations


def _recorded(reading: Reading, layers: Sequence[str]) -> dict[str, list[Tensor]]:
    """What layers put out, call by call; copies, since a later layer may write into what it gets."""
    module = reading.module
    places = _each_once(module, layers)
    recorded: dict[str, list[Tensor]] = {asked: [] for asked, _ in places}

    def recorder(asked: str, place: Place) -> Hook:
        return lambda output: recorded[asked].append(tensor_at(output, place).detach().clone())

    hooks = [(place.module, recorder(asked, place)) for asked, place in places]
    with torch.inference_mode(), hooked(module, hooks):
        reading.run()
    _check_reached(module, [name for name, parts in recorded.items() if not parts])
    return recorded


def _each_once(module: nn.Module, layers: Sequence[str]) -> list[tuple[str, Place]]:
    """Layers by the first of their names, with their places."""
    names: dict[tuple[nn.Module, object], tuple[str, Place]] = {}
    for layer in layers:
        asked, place = located(module, layer)
        names.setdefault((module_at(module, place.module), place.entries), (asked, place))
    return list(names.values())


def _check_reached(module: nn.Module, missed: Sequence[str]) -> None:
    if missed:
        raise LayerError(f"the forward pass of {type(module).__name__} does not reach layer {missed[0]!r}")
