"""Changing activations: what all edits of a forward pass have in common."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.weak import TensorWeakRef

from .hooks import Hook, hooked, module_at
from .layers import LayerError, Place, located
from .outputs import tensor_at, with_tensor

Change = Callable[[Tensor], Tensor]
"""Maps activations ``(B, …)`` to activations of the same shape, and does not write into those that it is given."""


class Intervention(ABC):
    """A change of the activations of some layers in every forward pass.

    `Steering` adds; `steered_env.steering.ablations` has the others. ``first.then(second)`` makes both, in this order.
    """

    @abstractmethod
    def changes(self) -> Mapping[str, Change]:
        """The change of each layer, by the layer's name."""

    def steps(self) -> tuple[tuple[str, Change], ...]:
        """Layer names and changes in the order in which they are made; two names may turn out to be of one layer."""
        return tuple(self.changes().items())

    def then(self, other: Intervention) -> Intervention:
        """Make this change, and then ``other``, which sees what this one left in a layer that both change."""
        return InTurn((*self.steps(), *other.steps()))

    def __repr__(self) -> str:
        """One line for each layer, with the kind of its change; no tensor is written out."""
        lines = "\n  ".join(f"{layer}: {change!r}" for layer, change in self.changes().items())
        return f"<{type(self).__name__} {lines or 'of nothing'}>"

    @contextmanager
    def applied_to(self, module: nn.Module) -> Iterator[nn.Module]:
        """Change the forward passes of ``module`` that are made inside the ``with`` block.

        Other threads that run the module meanwhile see no change, nor do other tasks of asyncio; blocks nest. The
        hooks are removed even on error. What ``torch.compile`` made of the module, earlier too, runs uncompiled in the
        block, and so is steered. A layer that runs several times in a forward pass is changed every time.

        Args:
            module: Any module that has these layers, also as a part of it (see `find_layer`).

        Raises:
            TypeError: if it is no torch module.
            LayerError: if the module lacks a layer; it lists near names. Also in the forward pass, if the layer puts
                out something else than floating-point activations, and at the end of the block, if the module ran
                and never reached the layer.
            HookError: if a layer lies in a part that runs no hooks, such as a scripted one; also in the forward pass,
                under ``torch.utils.checkpoint``, or where a scripted copy of the module is run instead.
            ValueError: in the forward pass, if an activation has a shape that a change does not fit.
        """
        with applying(self, module) as application:
            yield module
        if application.ran:
            application.check_reached()


@dataclass(frozen=True, repr=False)
class InTurn(Intervention):
    """Changes of layers, one after the other; without any, nothing is changed.

    Attributes:
        in_order: Layer names, each with its change.
    """

    in_order: tuple[tuple[str, Change], ...] = ()

    def changes(self) -> Mapping[str, Change]:
        """The change of each layer, by the layer's name."""
        joined: dict[str, Change] = {}
        for layer, change in self.in_order:
            joined[layer] = _Both(joined[layer], change) if layer in joined else change
        return joined

    def steps(self) -> tuple[tuple[str, Change], ...]:
        """Layer names and changes in the order in which they are made."""
        return self.in_order


@dataclass(frozen=True)
class _Both:
    """Two changes of one layer, one after the other."""

    first: Change
    second: Change

    def __repr__(self) -> str:
        return f"{self.first!r}, then {self.second!r}"

    def __call__(self, activations: Tensor) -> Tensor:
        return self.second(self.first(activations))


def described(tensor: Tensor) -> str:
    """A tensor in a few words: its shape and its Euclidean norm."""
    return f"{tuple(tensor.shape)}, norm {float(tensor.double().norm()):.3g}"


@contextmanager
def applying(intervention: Intervention, module: nn.Module) -> Iterator[Application]:
    """Do as `Intervention.applied_to` does, and give the application, which knows what layers were reached."""
    if not isinstance(module, nn.Module):
        hint = "; name its policy, a module" if isinstance(getattr(module, "policy", None), nn.Module) else ""
        raise TypeError(f"only a torch module can be steered, got {type(module).__name__}{hint}")
    application = Application(type(module).__name__, _places(intervention, module))
    with hooked(module, application.hooks()):
        yield application


class _Step(NamedTuple):
    """One change, and its turn among all of them."""

    turn: int
    change: Change


class _Changed(NamedTuple):
    """What was made of a layer's output, remembered for the layer around it as long as anybody else keeps the result.

    A layer that puts out that very tensor keeps it; one that puts out another leaves nothing to remember.
    """

    result: TensorWeakRef
    copy: Tensor
    output: Tensor
    steps: list[_Step]


class _Memory(threading.local):
    """What was made of layers' outputs in the forward pass that this thread makes."""

    def __init__(self) -> None:
        self.changed: list[_Changed] = []


@dataclass
class Application:
    """An intervention at work in one module.

    Attributes:
        module: Name of the module's class.
        places: The places of its layers, each with the changes of that layer in turn.
        reached: Those of them that a forward pass came to.
        ran: Whether the module itself made a forward pass, not only parts of it.
    """

    module: str
    places: Mapping[Place, list[_Step]]
    reached: set[Place] = field(default_factory=set, compare=False)
    ran: bool = field(default=False, compare=False)
    _memory: _Memory = field(default_factory=_Memory, compare=False)

    def hooks(self) -> list[tuple[str, Hook]]:
        """What happens to the outputs of modules: the changes, and a note at the end of the whole."""

        def changing(place: Place) -> Hook:
            return lambda output: self.change(place, output)

        hooks = [(place.module, changing(place)) for place in self.places]
        return [*hooks, ("", self._note_run)] if hooks else []

    def _note_run(self, _output: object) -> None:
        self.ran = True

    def change(self, place: Place, output: object) -> object:
        """Make the changes of one layer, and return what its module puts out instead.

        A block puts out the very tensor of its last part. Where both are changed, the changes are made in turn all the
        same: the part's change is taken back, if one of the block's comes before it.
        """
        self.reached.add(place)
        activations, steps = tensor_at(output, place), self.places[place]
        remembered = [(changed, changed.result()) for changed in self._memory.changed]
        self._memory.changed = [changed for changed, it in remembered if it is not None and it is not activations]
        for earlier in [changed for changed, it in remembered if it is activations]:
            is_untouched = torch.equal(activations, earlier.copy)  # nothing wrote into it since
            if steps[0].turn < earlier.steps[-1].turn and is_untouched:
                activations, steps = earlier.output, sorted([*earlier.steps, *steps])
        result = activations
        for step in steps:
            result = _of_one_shape(place, result, step.change(result))
        if self._comes_before(steps[-1], place):
            self._memory.changed.append(_Changed(TensorWeakRef(result), result.clone(), activations, steps))
        return with_tensor(output, place.entries, result)

    def _comes_before(self, step: _Step, place: Place) -> bool:
        """Tell whether a layer around this one is changed earlier in turn."""
        return any(
            place.module.startswith(f"{around.module}.") and steps[0].turn < step.turn
            for around, steps in self.places.items()
        )

    def check_reached(self) -> None:
        """Make sure that no change was without effect.

        Raises:
            LayerError: if a forward pass was made and a layer not reached.
        """
        if missed := [place for place in self.places if place not in self.reached]:
            raise LayerError(
                f"the forward pass of {self.module} does not reach layer '{missed[0]}', so that steering it would do "
                "nothing"
            )


def _places(intervention: Intervention, module: nn.Module) -> dict[Place, list[_Step]]:
    """The steps of each layer under its one name in the module."""
    names: dict[nn.Module, str] = {}
    places: dict[Place, list[_Step]] = {}
    for turn, (layer, change) in enumerate(intervention.steps()):
        _, place = located(module, layer)
        name = names.setdefault(module_at(module, place.module), place.module)
        places.setdefault(Place(name, place.entries), []).append(_Step(turn, change))
    return places


def _of_one_shape(place: Place, before: Tensor, after: object) -> Tensor:
    if not isinstance(after, Tensor) or after.shape != before.shape:
        kind = f"shape {tuple(after.shape)}" if isinstance(after, Tensor) else type(after).__name__
        raise ValueError(
            f"a change of layer '{place}' must give activations of the same shape, {tuple(before.shape)}, got {kind}"
        )
    return after
