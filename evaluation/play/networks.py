"""The policies of a session, each with what is kept for it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from torch import nn

from evaluation.measuring import TOLERANCE, KnownMaze, MazeNumbers, SharedForward, SteerablePolicy, SteeringFactory
from evaluation.storage import BASELINE
from steered_env import ImpalaPolicy, LayerError, Maze, Steering, read_activations
from steered_env.simulator import draw_observations
from steered_env.steering import Intervention

if TYPE_CHECKING:
    import pandas as pd

_Value = TypeVar("_Value")
_MAZES_KEPT = 3
"""Of each policy. In a maze of size 25 `small` takes 30 MB, `full` four times as much."""
_OTHERS_KEPT = 64
_keeping = threading.Lock()


def kept(values: OrderedDict[Any, _Value], key: Hashable, make: Callable[[], _Value], most: int) -> _Value:
    """The value of a key, made if it is not kept; the one that was used longest ago makes room."""
    with _keeping:
        if key in values:
            values.move_to_end(key)
            return values[key]
    value = make()
    with _keeping:
        values[key] = value
        values.move_to_end(key)
        while len(values) > most:
            values.popitem(last=False)
    return value


@dataclass
class Network:
    """One policy, and what was computed with it.

    Attributes:
        policy: The policy as it was given, with the steering that it brings along.
        forward: Runs it.
        factory: Makes its steerings.
        layers: Its layers in order, each with the shape of one activation.
    """

    policy: SteerablePolicy
    forward: SharedForward
    factory: SteeringFactory
    layers: dict[str, tuple[int, ...]]
    _mazes: OrderedDict[Maze, KnownMaze] = field(default_factory=OrderedDict)
    _baselines: OrderedDict[Hashable, MazeNumbers] = field(default_factory=OrderedDict)
    _snapshots: OrderedDict[Hashable, Steering] = field(default_factory=OrderedDict)
    _rankings: OrderedDict[Hashable, pd.DataFrame] = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, policy: SteerablePolicy) -> Network:
        """Get a policy ready.

        Raises:
            ValueError: if it has weights that are not finite.
        """
        policy.check([])
        forward = SharedForward(policy.module)
        return cls(policy, forward, SteeringFactory(forward.policy), _shapes(forward.policy))

    @property
    def module(self) -> nn.Module:
        """The network."""
        return self.forward.policy

    def known(self, maze: Maze, pool: Executor) -> KnownMaze:
        """The maze, with what is kept of it, and of it with its mouse elsewhere."""

        def make() -> KnownMaze:
            rest = _apart_from_mouse(maze)
            with _keeping:  # other threads keep mazes meanwhile
                mazes = list(self._mazes.items())
            elsewhere = next((known for other, known in mazes if _apart_from_mouse(other) == rest), None)
            return KnownMaze(self.forward, maze, pool) if elsewhere is None else elsewhere.with_mouse_of(maze)

        return kept(self._mazes, maze, make, _MAZES_KEPT)

    def unsteered(
        self, known: KnownMaze, horizon: int, steering: Intervention | None = None, tolerance: float = TOLERANCE
    ) -> MazeNumbers:
        """The numbers of a maze without the page's steering, which is asked for next."""
        own: Intervention | None = self.policy.steering if self.policy.steering.changes() else None

        def make() -> MazeNumbers:
            if steering is not None:
                known.keep_for(steering)
            return known.numbers(own, BASELINE, horizon=horizon, tolerance=tolerance)

        return kept(self._baselines, (known.chain.maze, horizon, tolerance), make, _MAZES_KEPT)

    def difference(self, this: Maze, that: Maze, layer: str) -> Steering:
        """The activations in one maze minus those in another."""
        return kept(
            self._snapshots,
            (this, that, layer),
            lambda: Steering.difference(self.module, this, that, layer=layer),
            _OTHERS_KEPT,
        )

    def ranking(self, key: Hashable, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """A ranking of channels."""
        return kept(self._rankings, key, make, _OTHERS_KEPT)


def _apart_from_mouse(maze: Maze) -> tuple[object, ...]:
    return maze.walls.tobytes(), maze.cheese, maze.size, maze.level, maze.background, maze.background_offset


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """The layers of a network whose activations can be read, with the shape of one activation."""
    observation = draw_observations([Maze.from_level(0)])
    if isinstance(module, ImpalaPolicy):
        read = read_activations(module, module.layers, observation)
        return {name: tuple(tensor.shape[1:]) for name, tensor in read.items()}
    shapes: dict[str, tuple[int, ...]] = {}
    for name, _ in module.named_modules():
        try:
            shapes |= {layer: tuple(t.shape[1:]) for layer, t in read_activations(module, [name], observation).items()}
        except (LayerError, AttributeError):  # puts out no tensor, or lies in a part that runs no hooks
            continue
    return shapes
