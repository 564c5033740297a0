"""Steering: what is added to the activations of which layers."""

from __future__ import annotations

import json
import math
import numbers
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from steered_env.maze import Maze
from steered_env.policy import as_batch, is_observations
from steered_env.system import atomic_file

from .intervention import Change, Intervention, described
from .layers import DEFAULT_LAYER, layer_names
from .origins import Origin, described_input, described_network, from_plain, joined, origin_of, plain, scaled
from .reading import read_activations

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scene = Union[Maze, "NDArray[np.uint8]"]
"""A maze, or an observation of one: ``(64, 64, 3)`` uint8."""

_MARK = {"steered_env": "steering"}
_OF_PARAMETERS = (".weight", ".bias")


class Steering(Intervention, Mapping[str, Tensor]):
    """An immutable map from layers to tensors, to be added to the activations of those layers.

    Steerings form a vector space: they can be added, subtracted and scaled. A sum keeps the layers of both.

    Example:
        >>> from steered_env import Maze, cheese_vector, load_policy, top_right_vector
        >>> policy, maze = load_policy(), Maze.from_level(0)
        >>> steering = 2 * top_right_vector(policy, maze) - cheese_vector(policy, maze)
        >>> {layer: tuple(tensor.shape) for layer, tensor in steering.items()}
        {'embedder.block2.res1.resadd': (32, 16, 16)}

    Args:
        tensors: Layer name to a tensor, or an array of numbers, of the shape of one activation, without the batch; or
            of one that broadcasts to it, such as ``(C, 1, 1)`` or, for activations ``(T, C)``, ``(C,)``.
        origin: What made it; kept through the algebra, and in the file that `save` writes.

    Raises:
        TypeError: if a value is neither a floating-point tensor nor an array of numbers.
        ValueError: if a tensor holds a number that is not finite in single precision, or requires a gradient.
    """

    __array_ufunc__ = None  # so that numpy's numbers leave products to `__rmul__`

    def __init__(
        self, tensors: Mapping[str, Tensor | NDArray[Any]] | None = None, *, origin: Origin | None = None
    ) -> None:
        self._tensors: dict[str, Tensor] = {}
        for layer, tensor in (tensors or {}).items():
            if isinstance(tensor, np.ndarray) and tensor.dtype.kind in "fiu":
                with np.errstate(over="ignore"):  # what is too large for it is refused below
                    tensor = torch.from_numpy(tensor.astype(np.float32))
            if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
                kind = tensor.dtype if isinstance(tensor, Tensor) else type(tensor).__name__
                raise TypeError(f"steering for {layer!r} must be a floating-point tensor, got {kind}")
            kept = tensor.to("cpu", torch.float32, copy=True)
            if not bool(kept.isfinite().all()):
                raise ValueError(
                    f"steering for {layer!r} holds numbers that are not finite, or too large for single precision"
                )
            if tensor.requires_grad:
                raise ValueError(
                    f"steering for {layer!r} requires a gradient, which would be lost, since a steering keeps numbers "
                    "alone: give tensor.detach()"
                )
            self._tensors[layer] = kept
        self._origin = origin_of("tensors") if origin is None and self._tensors else origin or ()

    @classmethod
    def difference(cls, policy: Any, a: Any, b: Any, *, layer: str | Iterable[str] = DEFAULT_LAYER) -> Steering:
        """The activations while looking at ``a`` minus those while looking at ``b``.

        Example:
            >>> import torch
            >>> from torch import nn
            >>> network = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
            >>> vector = Steering.difference(network, torch.ones(1, 4), torch.zeros(1, 4), layer="1")
            >>> vector["1"].shape
            torch.Size([8])

        Args:
            policy: A policy of mazes: a module with ``action_probabilities``, such as `ImpalaPolicy`, a
                Stable-Baselines3 model or its policy, any other network through `as_policy`. Or, outside mazes, any
                torch module, or any Stable-Baselines3 model.
            a: A maze, or an observation of one, ``(64, 64, 3)`` uint8, which go the policy's own way. Or an input of
                the module: a tensor or array, a tuple of arguments, or a dict of named ones; for a Stable-Baselines3
                model an observation of its environment, an array or a dict of arrays. An input is a batch, which
                counts with its mean activations; an observation may be one alone.
            b: Likewise.
            layer: One layer name, or several (`find_layer`): ``features_extractor.cnn.0``, or ``blocks.1[0]`` for the
                first of a tuple.

        Raises:
            TypeError: if it is no policy, or one of which it is not known what it takes.
            ValueError: if the activations have different shapes.
            LayerError: if there is no such layer, or it puts out nothing that can be steered.
        """
        made_of = {"policy": described_network(policy), "a": described_input(a), "b": described_input(b)}
        return cls(differences(policy, a, b, layer), origin=origin_of("difference", **made_of))

    @property
    def origin(self) -> list[dict[str, Any]]:
        """What made it, in plain values: for each part ``times``, ``made_by``, and what that was given.

        Example:
            >>> from steered_env import Maze, cheese_vector, load_policy
            >>> [part] = (-2 * cheese_vector(load_policy(), Maze.from_level(0))).origin
            >>> part["times"], part["made_by"], part["level"]
            (-2.0, 'cheese_vector', 0)
        """
        return plain(self._origin)

    def made_by(self, name: str, **details: Any) -> Steering:
        """The same steering, said to be made by something else; ``details`` are values that JSON can hold."""
        return Steering(self._tensors, origin=origin_of(name, **details))

    def __getitem__(self, layer: str) -> Tensor:
        """A copy of one layer's tensor."""
        return self._tensors[layer].clone()

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __repr__(self) -> str:
        parts = (f"{name}: {described(tensor)}" for name, tensor in self._tensors.items())
        return f"<Steering {'; '.join(parts) or 'of nothing'}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Steering):
            return NotImplemented
        return self._tensors.keys() == other._tensors.keys() and all(
            torch.equal(tensor, other._tensors[name]) for name, tensor in self._tensors.items()
        )

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: object) -> Steering:
        if isinstance(other, int) and other == 0:  # so that sum() works
            return self
        if not isinstance(other, Steering):
            return NotImplemented
        total = dict(self._tensors)
        for name, tensor in other._tensors.items():
            if name in total:
                _check_broadcast(name, total[name], tensor)
            total[name] = total[name] + tensor if name in total else tensor
        return Steering(total, origin=joined(self._origin, other._origin))

    __radd__ = __add__

    def __neg__(self) -> Steering:
        return self * -1.0

    def __sub__(self, other: object) -> Steering:
        return self + -other if isinstance(other, Steering) else NotImplemented

    def __mul__(self, factor: object) -> Steering:
        if not isinstance(factor, numbers.Real):
            return NotImplemented
        if not math.isfinite(factor):
            raise ValueError(f"a steering's coefficient must be finite, got {factor}")
        tensors = {name: tensor * float(factor) for name, tensor in self._tensors.items()}
        return Steering(tensors, origin=scaled(self._origin, float(factor)))

    __rmul__ = __mul__

    def __truediv__(self, divisor: object) -> Steering:
        if not isinstance(divisor, numbers.Real):
            return NotImplemented
        if not divisor:
            raise ZeroDivisionError("a steering cannot be divided by 0")
        return self * (1.0 / float(divisor))

    def norm(self) -> float:
        """The Euclidean norm over all numbers of all layers."""
        return math.sqrt(sum(float(tensor.double().square().sum()) for tensor in self._tensors.values()))

    def normalised(self) -> Steering:
        """The multiple with norm 1.

        Raises:
            ValueError: if all its numbers are 0.
        """
        if not (norm := self.norm()):
            raise ValueError("a steering of nothing but zeros has no direction: it cannot be normalised")
        return self / norm

    def dot(self, other: Steering) -> float:
        """The dot product over all numbers of the layers that both have.

        Raises:
            ValueError: if a layer has another shape in the other.
        """
        total = 0.0
        for name in self._tensors.keys() & other._tensors.keys():
            own, its = self._tensors[name], other._tensors[name]
            if own.shape != its.shape:
                raise ValueError(
                    f"there is no dot product of shapes {tuple(own.shape)} and {tuple(its.shape)} at layer {name!r}"
                )
            total += float((own.double() * its.double()).sum())
        return total

    def cosine(self, other: Steering) -> float:
        """The cosine of the angle between two steerings, from −1 to 1; NaN if one is of nothing but zeros."""
        norms = self.norm() * other.norm()
        return self.dot(other) / norms if norms else math.nan

    def onto(self, other: Steering) -> Steering:
        """The projection onto another steering: the multiple of it that comes nearest to this one.

        Raises:
            ValueError: if the other is of nothing but zeros, or a layer has another shape in it.
        """
        if not (square := other.dot(other)):
            raise ValueError("nothing can be projected onto a steering of nothing but zeros, which has no direction")
        return other * (self.dot(other) / square)

    def away_from(self, other: Steering) -> Steering:
        """What is left of it without its projection onto another steering, to which it then is orthogonal.

        Raises:
            ValueError: if the other is of nothing but zeros, or a layer has another shape in it.
        """
        return self - self.onto(other)

    def changes(self) -> Mapping[str, Change]:
        """The addition of each layer's tensor, by the layer's name."""
        return {layer: _Add(layer, tensor) for layer, tensor in self._tensors.items()}

    def then(self, other: Intervention) -> Intervention:
        """This, and then ``other``; of two steerings the sum."""
        return self + other if isinstance(other, Steering) else super().then(other)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write as ``.safetensors``, marked as a steering, with what made it.

        The folder is made, and the file is whole or not there.

        Raises:
            ValueError: if the path does not end in ``.safetensors``.
            OSError: if the file cannot be written.
        """
        if Path(path).suffix != ".safetensors":
            raise ValueError(f"a steering is written as .safetensors only, got {Path(path).name!r}")
        tensors = {name: tensor.contiguous() for name, tensor in self._tensors.items()}
        with atomic_file(path, make_folder=True) as temporary:
            save_file(tensors, temporary, metadata={**_MARK, "origin": json.dumps(self.origin)})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Steering:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is not a whole safetensors file, or holds something else, such as a policy's weights.
        """
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
                _check_kind(path, metadata, file.keys())
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                return cls(tensors, origin=_read_origin(metadata))
        except SafetensorError as error:
            raise ValueError(f"{os.fspath(path)}: not a whole safetensors file ({error})") from None


def _check_kind(path: str | os.PathLike[str], metadata: Mapping[str, str], names: Iterable[str]) -> None:
    """Refuse a file that is not marked as a steering, unless it may be one from before there was a mark.

    Those had no metadata at all, and were of layers, never of a network's weights and biases.
    """
    if metadata.items() >= _MARK.items():
        return
    parameters = [name for name in names if name.endswith(_OF_PARAMETERS)]
    if parameters or metadata:
        found = f"such as {parameters[0]!r}" if parameters else f"with the metadata {min(metadata)!r}"
        raise ValueError(
            f"{os.fspath(path)}: holds no steering but something else, {found}; Steering.load reads what Steering.save "
            "wrote, and load_policy reads a policy"
        )


def _read_origin(metadata: Mapping[str, str]) -> Origin | None:
    try:
        return from_plain(json.loads(metadata["origin"]))
    except (KeyError, TypeError, ValueError):  # written before origins were, or by another program
        return None


def differences(policy: Any, a: Any, b: Any, layer: str | Iterable[str]) -> dict[str, Tensor]:
    """The tensors of `Steering.difference`, by layer."""
    names = layer_names(layer)
    if all(isinstance(scene, Maze) or is_observations(scene) for scene in (a, b)):
        read = read_activations(policy, names, np.concatenate([_observation(a), _observation(b)]))
        return {name: activations[0] - activations[1] for name, activations in read.items()}
    seen = [_observation(scene) if isinstance(scene, Maze) else scene for scene in (a, b)]
    means = [{name: t.mean(0) for name, t in read_activations(policy, names, each).items()} for each in seen]
    for name, mean in means[0].items():
        if mean.shape != means[1][name].shape:
            raise ValueError(
                f"the activations of layer {name!r} have shape {tuple(mean.shape)} for one input and "
                f"{tuple(means[1][name].shape)} for the other: choose inputs of the same length"
            )
    return {name: mean - means[1][name] for name, mean in means[0].items()}


def _check_broadcast(layer: str, one: Tensor, other: Tensor) -> None:
    if _broadcast(one.shape, other.shape) is None:
        raise ValueError(
            f"cannot add steerings of shapes {tuple(one.shape)} and {tuple(other.shape)} at layer {layer!r}"
        )


def _broadcast(*shapes: Iterable[int]) -> tuple[int, ...] | None:
    """The shape to which shapes broadcast; None if they do not."""
    try:
        return np.broadcast_shapes(*map(tuple, shapes))
    except ValueError:
        return None


def _observation(scene: Scene) -> NDArray[np.uint8]:
    observations = as_batch(scene.observe() if isinstance(scene, Maze) else scene)
    if len(observations) != 1:
        raise ValueError(f"a scene is one maze or one observation (64, 64, 3), got {len(observations)}")
    return observations


@dataclass(frozen=True, eq=False)
class _Add:
    layer: str
    tensor: Tensor

    def __repr__(self) -> str:
        return f"add {described(self.tensor)}"

    def __call__(self, activations: Tensor) -> Tensor:
        if _broadcast(self.tensor.shape, activations.shape[1:]) != activations.shape[1:]:
            raise ValueError(
                f"the steering of layer {self.layer!r} has shape {tuple(self.tensor.shape)}, but the layer's "
                f"activations have shape {tuple(activations.shape[1:])}"
            )
        return activations + self.tensor.to(activations.device, activations.dtype)
