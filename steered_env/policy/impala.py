"""The network: an IMPALA convolutional encoder with a policy and a value head."""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from steered_env.simulator import ACTIONS, whole_number

from .observations import is_one_observation, to_input
from .probabilities import probabilities_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURES = 256
"""Length of the encoder's output."""
_BLOCK3_SIDE = 8


class ResidualAdd(nn.Module):
    """The sum at the end of a residual block, a module of its own so that it can be read and changed."""

    def forward(self, block_input: Tensor, change: Tensor) -> Tensor:
        """Add two tensors of one shape."""
        return block_input + change


class ResidualBlock(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.relu2 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.resadd = ResidualAdd()

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W)`` to the same shape."""
        change: Tensor = self.conv2(self.relu2(self.conv1(self.relu1(x))))
        result: Tensor = self.resadd(x, change)
        return result


class Chain(nn.Sequential):
    """Parts that run one after the other: the output of one is the only input of the next."""

    def outputs(self, x: Tensor) -> dict[str, Tensor]:
        """Run the parts on an input, and return what each puts out, by its name."""
        outputs = {}
        for name, part in self.named_children():
            outputs[name] = x = part(x)
        return outputs


class ImpalaBlock(Chain):
    """A convolution, a max-pool that halves the side, and two residual blocks.

    Takes ``(B, C_in, H, W)`` and puts out ``(B, C, H/2, W/2)``.
    """

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, 3, padding=1)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.res1 = ResidualBlock(channels)
        self.res2 = ResidualBlock(channels)


class ImpalaEmbedder(Chain):
    """Three blocks and a fully connected layer: an observation ``(B, 3, 64, 64)`` to features ``(B, 256)``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.block1 = ImpalaBlock(3, 16 * width)
        self.block2 = ImpalaBlock(16 * width, 32 * width)
        self.block3 = ImpalaBlock(32 * width, 32 * width)
        self.relu3 = nn.ReLU()
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(32 * width * _BLOCK3_SIDE**2, FEATURES)
        self.relufc = nn.ReLU()


class ImpalaPolicy(nn.Module):
    """The policy network of Langosco et al. (2022) for procgen, after Espeholt et al. (2018).

    Parameter names are those of the published checkpoints. Every place where activations can be read or
    changed is a named module (`layers`).

    Example:
        >>> policy = ImpalaPolicy(width=4)
        >>> sum(p.numel() for p in policy.parameters())
        3653136

    Args:
        width: Multiplies the channels, which are 16, 32 and 32 at width 1.

    Raises:
        TypeError: if ``width`` is no whole number.
        ValueError: if it is below 1.
    """

    def __init__(self, width: int = 1) -> None:
        super().__init__()
        self.width = width = whole_number(width, "width", 1)
        self.embedder = ImpalaEmbedder(width)
        self.fc_policy = nn.Linear(FEATURES, ACTIONS)
        self.fc_value = nn.Linear(FEATURES, 1)
        # 2.5 times as fast on a CPU; torch's own types lack this keyword
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __repr__(self) -> str:
        """One line; the tree of modules is that of ``embedder`` and its neighbours."""
        count = sum(parameter.numel() for parameter in self.parameters())
        return f"<ImpalaPolicy width={self.width}, {count:,} parameters; names of its layers in .layers>"

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and values.

        Args:
            x: ``(B, 3, 64, 64)`` float32, RGB from 0 to 1.

        Returns:
            Logits ``(B, 15)`` and values ``(B,)``.
        """
        return self.heads(self.embedder(x))

    def heads(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(B, 15)`` and values ``(B,)`` from features ``(B, 256)``."""
        return self.fc_policy(features), self.fc_value(features).squeeze(1)

    def action_probabilities(self, observations: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Compute the probabilities of the actions.

        Args:
            observations: ``(B, 64, 64, 3)`` uint8, or one ``(64, 64, 3)``; or with the channels first.

        Returns:
            ``(B, 15)`` float32 probabilities, or ``(15,)`` for one observation.

        Raises:
            TypeError: if the observations are not uint8.
            ValueError: if they have another shape.
        """
        with torch.inference_mode():
            logits, _ = self(self.input_of(observations))
            probabilities = probabilities_of(logits)
        return probabilities[0] if is_one_observation(observations) else probabilities

    def input_of(self, observations: NDArray[np.uint8]) -> Tensor:
        """The network's input for observations: on its device, and in the precision of its weights."""
        weight = next(self.parameters())
        return to_input(observations, weight.device, weight.dtype)

    def softened(self, temperature: float) -> ImpalaPolicy:
        """A copy that is less sure of its actions: its logits are divided by ``temperature``.

        Raises:
            ValueError: if ``temperature`` is not above 0.
        """
        if not temperature > 0:
            raise ValueError(f"temperature must be above 0, got {temperature}")
        policy = copy.deepcopy(self)
        with torch.no_grad():
            for parameter in policy.fc_policy.parameters():
                parameter.div_(temperature)
        return policy

    @property
    def layers(self) -> tuple[str, ...]:
        """The dotted names of all modules whose output can be read and changed, in forward order."""
        return tuple(name for name, _ in _in_forward_order(self))

    @property
    def stages(self) -> tuple[str, ...]:
        """The layers that follow each other with nothing beside them, in forward order.

        The output of one is the only input of the next, so a forward pass can be cut between any two; the last
        one's output goes into `heads`.
        """
        return tuple(_stages("embedder", self.embedder))

    def place_of(self, layer: str) -> tuple[int, bool]:
        """Find the stage of a forward pass that computes a layer's output.

        Args:
            layer: One of `layers`.

        Returns:
            The index in `stages` of the stage that computes it, their number if one of the `heads` does; and whether
            it is that stage's own output. Of two layers the one with the lower place is ready first.

        Example:
            >>> policy = ImpalaPolicy()
            >>> policy.stages[2], policy.place_of("embedder.block1.res1.conv2"), policy.place_of("embedder.block1.res1")
            ('embedder.block1.res1', (2, False), (2, True))
            >>> policy.place_of("embedder.block1") == policy.place_of("embedder.block1.res2.resadd")
            True
        """
        order = self.layers
        ends = [order.index(self._innermost(stage)) for stage in self.stages]
        ready = order.index(self._innermost(layer))
        stage = bisect_left(ends, ready)
        return stage, ready in ends

    def _innermost(self, layer: str) -> str:
        """The layer without parts whose output is also this one's: every container puts out what its last part does."""
        while names := [name for name, _ in self.get_submodule(layer).named_children()]:
            layer = f"{layer}.{names[-1]}"
        return layer


def _stages(name: str, chain: Chain) -> Iterator[str]:
    """The dotted names of a chain's parts, and of the parts of those that are chains themselves."""
    for part_name, part in chain.named_children():
        full_name = f"{name}.{part_name}"
        if isinstance(part, Chain):
            yield from _stages(full_name, part)
        else:
            yield full_name


def _in_forward_order(policy: ImpalaPolicy) -> Iterator[tuple[str, nn.Module]]:
    """Named modules by the moment their output is ready: a container after what it holds."""

    def visit(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
        for child_name, child in module.named_children():
            yield from visit(f"{name}.{child_name}" if name else child_name, child)
        if name:
            yield name, module

    yield from visit("", policy)
