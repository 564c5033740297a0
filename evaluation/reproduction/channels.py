"""Channels of the steered layer that track the cheese, found by a rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from steered_env import ImpalaPolicy, Maze
from steered_env.simulator import draw_observations
from steered_env.steering import DEFAULT_LAYER, map_position, read_activations

from .finding import DoesNotApplyError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SELECTION = range(100, 200)
"""Levels that channels are chosen on, and nothing is measured on."""
_NEAR = 1
_OFTEN = 0.5


@dataclass(frozen=True)
class Channel:
    """A channel of the layer, and how well it tracks the cheese.

    Attributes:
        number: Index of the channel.
        sign: 1 if its largest activation is looked at, −1 for its smallest.
        hits: Share of mazes where that activation lies over the cheese.
        value: Mean of that activation where it does.
        background: Mean of all its activations.
    """

    number: int
    sign: float
    hits: float
    value: float
    background: float


def tracking_channels(policy: ImpalaPolicy, mazes: list[Maze]) -> list[Channel]:
    """All channels with either sign, those first that peak over the cheese most often."""
    maps = channel_maps(policy, mazes)
    channels = []
    for number in range(maps.shape[1]):
        for sign in (1.0, -1.0):
            near, peaks = peaks_near_cheese(sign * maps[:, number], mazes)
            value = sign * float(peaks[near].mean()) if near.any() else 0.0
            channels.append(Channel(number, sign, float(near.mean()), value, float(maps[:, number].mean())))
    return sorted(channels, key=lambda channel: -channel.hits)


def best_tracking_channels(policy: ImpalaPolicy, mazes: list[Maze], most: int) -> list[Channel]:
    """The channels that peak over the cheese in more than half of mazes, the best first.

    Args:
        policy: The policy.
        mazes: Mazes to choose them on.
        most: The largest number of channels.

    Raises:
        DoesNotApplyError: if there are none.
    """
    channels = [channel for channel in tracking_channels(policy, mazes) if channel.hits > _OFTEN]
    if not channels:
        raise DoesNotApplyError(f"no channel peaks at the cheese in more than half of {len(mazes)} mazes")
    return channels[:most]


def channel_maps(policy: ImpalaPolicy, mazes: list[Maze]) -> NDArray[np.float32]:
    """Read ``(mazes, channels, height, width)`` activations of the layer."""
    maps: NDArray[np.float32] = (
        read_activations(policy, [DEFAULT_LAYER], draw_observations(mazes))[DEFAULT_LAYER].cpu().numpy()
    )
    return maps


def peaks_near_cheese(maps: NDArray[np.float32], mazes: list[Maze]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Find for each ``(height, width)`` map whether its largest value lies at the cheese, and that value.

    A map that is the same everywhere has no largest value, which lies nowhere.
    """
    shape = maps.shape[1:]
    flat = maps.reshape(len(mazes), -1)
    cheeses = np.array([map_position(maze.cheese or maze.corner, *shape) for maze in mazes])
    places = np.stack(np.unravel_index(flat.argmax(axis=1), shape), axis=1)
    is_near = np.abs(places - cheeses).max(axis=1) <= _NEAR
    return is_near & (flat.max(axis=1) > flat.min(axis=1)), flat.max(axis=1)
