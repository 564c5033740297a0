"""Changing activations: what every edit of a forward pass has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from .hooks import hooked, module_at
from .layers import LayerError, find_layer, tensor_of

Change = Callable[[Tensor], Tensor]
"""Activations ``(B, …)`` to activations of the same shape. It leaves what it is given as it is."""


class Intervention(ABC):
    """What is done to the activations of which layers in every forward pass.

    `Steering` adds; `steered_env.steering.ablations` has the others. One after the other: ``first.then(second)``.
    """

    @abstractmethod
    def changes(self) -> Mapping[str, Change]:
        """Dotted layer name to what happens to that layer's output."""

    def steps(self) -> tuple[tuple[str, Change], ...]:
        """Layers and their changes, one after the other; two names may turn out to be of one layer."""
        return tuple(self.changes().items())

    def then(self, other: Intervention) -> Intervention:
        """This, and then ``other``; in a layer that both change, ``other`` sees what this one made of it."""
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
        block, and so is steered.

        Args:
            module: any module that has these layers, also as a part of it (see `find_layer`).

        Raises:
            TypeError: if it is no torch module.
            LayerError: if the module lacks a layer; it lists near names.
            HookError: if a layer lies in a part that runs no hooks, such as a scripted one; also in the forward pass,
                under ``torch.utils.checkpoint``, or where a scripted copy of the module is run instead.
            ValueError: in the forward pass, if an activation has a shape that a change does not fit.
        """
        with applying(self, module):
            yield module


@dataclass(frozen=True, repr=False)
class InTurn(Intervention):
    """Changes of layers, one after the other; of none unless said.

    Attributes:
        in_order: dotted layer names, each with its change.
    """

    in_order: tuple[tuple[str, Change], ...] = ()

    def changes(self) -> Mapping[str, Change]:
        """Dotted layer name to what happens to that layer's output."""
        joined: dict[str, Change] = {}
        for layer, change in self.in_order:
            joined[layer] = _Both(joined[layer], change) if layer in joined else change
        return joined

    def steps(self) -> tuple[tuple[str, Change], ...]:
        """Layers and their changes, one after the other."""
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
    return f"{tuple(tensor.shape)}, norm {float(tensor.norm()):.3g}"


@contextmanager
def applying(intervention: Intervention, module: nn.Module) -> Iterator[Application]:
    """As `Intervention.applied_to`, but gives the application, which knows what layers were reached."""
    if not isinstance(module, nn.Module):
        hint = "; name its policy, a module" if isinstance(getattr(module, "policy", None), nn.Module) else ""
        raise TypeError(f"only a torch module can be steered, got {type(module).__name__}{hint}")
    application = Application(type(module).__name__, _places(intervention, module))
    hooks = [(place, lambda output, place=place: application.change(place, output)) for place in application.places]
    with hooked(module, hooks):
        yield application


class _Step(NamedTuple):
    """One change, and which of all it is in turn."""

    turn: int
    change: Change


class _Changed(NamedTuple):
    """What was made of a layer's output, remembered for the layer around it."""

    made: Tensor
    copy: Tensor
    output: Tensor
    steps: list[_Step]


@dataclass
class Application:
    """An intervention at work in one module.

    Attributes:
        module: the module's class.
        places: the full names of its layers, each with the changes of that layer in turn.
        reached: those of them that a forward pass came to.
    """

    module: str
    places: Mapping[str, list[_Step]]
    reached: set[str] = field(default_factory=set)
    _changed: list[_Changed] = field(default_factory=list)

    def change(self, place: str, output: object) -> Tensor:
        """What becomes of a layer's output.

        A block puts out the very tensor of its last part. Where both are changed, the changes are made in turn all the
        same: what the part's made of the tensor is taken back, if one of the block's comes before them.
        """
        self.reached.add(place)
        activations, steps = tensor_of(output, place), self.places[place]
        for before in [one for one in self._changed if one.made is activations]:
            self._changed.remove(before)
            if steps[0].turn < before.steps[-1].turn and torch.equal(activations, before.copy):  # not written into
                activations, steps = before.output, sorted([*before.steps, *steps])
        made = activations
        for step in steps:
            made = _of_one_shape(place, made, step.change(made))
        if self._comes_before(steps[-1], place):
            self._changed.append(_Changed(made, made.clone(), activations, steps))
        return made

    def _comes_before(self, step: _Step, place: str) -> bool:
        """Whether a layer around this one is changed earlier in turn."""
        return any(
            place.startswith(f"{around}.") and steps[0].turn < step.turn for around, steps in self.places.items()
        )

    def check_reached(self) -> None:
        """Make sure that no change was without effect.

        Raises:
            LayerError: if a forward pass was made and a layer not reached.
        """
        if missed := [place for place in self.places if place not in self.reached]:
            raise LayerError(
                f"the forward pass of {self.module} does not reach layer {missed[0]!r}, so that steering it would do "
                "nothing"
            )


def _places(intervention: Intervention, module: nn.Module) -> dict[str, list[_Step]]:
    """The steps of each layer under its one name in the module."""
    names: dict[nn.Module, str] = {}
    places: dict[str, list[_Step]] = {}
    for turn, (layer, change) in enumerate(intervention.steps()):
        found = find_layer(module, layer)
        name = names.setdefault(module_at(module, found), found)
        places.setdefault(name, []).append(_Step(turn, change))
    return places


def _of_one_shape(place: str, before: Tensor, after: object) -> Tensor:
    if not isinstance(after, Tensor) or after.shape != before.shape:
        kind = f"shape {tuple(after.shape)}" if isinstance(after, Tensor) else type(after).__name__
        raise ValueError(
            f"a change of layer {place!r} must give activations of the same shape, {tuple(before.shape)}, got {kind}"
        )
    return after
