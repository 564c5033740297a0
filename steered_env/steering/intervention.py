"""Changing activations: what every edit of a forward pass has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from .layers import find_layer, hooked, tensor_of

Change = Callable[[Tensor], Tensor]
"""Activations ``(B, …)`` to activations of the same shape. It leaves what it is given as it is."""


class Intervention(ABC):
    """What is done to the activations of which layers in every forward pass.

    `Steering` adds; `steered_env.steering.ablations` has the others. One after the other: ``first.then(second)``.
    """

    @abstractmethod
    def changes(self) -> Mapping[str, Change]:
        """Dotted layer name to what happens to that layer's output."""

    def then(self, other: Intervention) -> Intervention:
        """This, and then ``other``; in a layer that both change, ``other`` sees what this one made of it."""
        return InTurn({**self.changes(), **_joined(self.changes(), other.changes())})

    def __repr__(self) -> str:
        """One line for each layer, with the kind of its change; no tensor is written out."""
        lines = "\n  ".join(f"{layer}: {change!r}" for layer, change in self.changes().items())
        return f"<{type(self).__name__} {lines or 'of nothing'}>"

    @contextmanager
    def applied_to(self, module: nn.Module) -> Iterator[nn.Module]:
        """Change every forward pass of ``module`` inside the ``with`` block.

        The module is changed in place, for all that use it; the hooks are removed even on error.

        Args:
            module: any module that has these layers.

        Raises:
            LayerError: if the module lacks a layer; it lists near names.
            ValueError: in the forward pass, if an activation has a shape that a change does not fit.
        """
        hooks = [
            (module.get_submodule(find_layer(module, layer)), _hook(layer, change))
            for layer, change in self.changes().items()
        ]
        with hooked(hooks):
            yield module


@dataclass(frozen=True, repr=False)
class InTurn(Intervention):
    """Changes of several layers, each made of one or more.

    Attributes:
        of_layers: dotted layer name to its change.
    """

    of_layers: Mapping[str, Change]

    def changes(self) -> Mapping[str, Change]:
        """Dotted layer name to what happens to that layer's output."""
        return self.of_layers


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


def _joined(first: Mapping[str, Change], second: Mapping[str, Change]) -> dict[str, Change]:
    return {layer: _Both(first[layer], change) if layer in first else change for layer, change in second.items()}


def _hook(layer: str, change: Change) -> Any:
    def hook(_module: nn.Module, _inputs: object, output: object) -> Tensor:
        return change(tensor_of(output, layer))

    return hook
