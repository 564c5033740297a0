"""The rules of an episode that both environments share."""

from __future__ import annotations

from typing import Literal, SupportsIndex

from steered_env.maze import ACTIONS_OF
from steered_env.simulator import ACTIONS, whole_number

Until = Literal["cheese", "either"]
"""What ends an episode: the cheese, or the cheese and the corner."""

RENDER_MODES = ["rgb_array"]
CHEESE_REWARD = 10.0
"""Procgen's own reward for the cheese; every other step earns 0."""

FRAMES_PER_SECOND = 15
"""Steps of a mouse in a second of film."""

STAY = 4
"""An action that does nothing."""

ACTION_MEANINGS = tuple(
    next((move.upper() for move, actions in ACTIONS_OF.items() if action in actions), "NOOP")
    for action in range(ACTIONS)
)
"""What each action does, in the words of Atari's environments."""

_KEYS = {"left": ("a", 0x40000050), "down": ("s", 0x40000051), "up": ("w", 0x40000052), "right": ("d", 0x4000004F)}
"""A letter, and the code that SDL (and so pygame) gives the arrow key."""

KEYS_TO_ACTION = {(key,): ACTIONS_OF[move][len(ACTIONS_OF[move]) // 2] for move, keys in _KEYS.items() for key in keys}
"""Pressed keys to an action, as ``gymnasium.utils.play`` wants them: W, A, S, D and the arrow keys."""


def check_until(until: Until) -> Until:
    """Return ``until`` if it is ``"cheese"`` or ``"either"``.

    Raises:
        ValueError: if it is not.
    """
    if until not in ("cheese", "either"):
        raise ValueError(f'until must be "cheese" or "either", got {until!r}')
    return until


def check_time_limit(time_limit: int, name: str = "time_limit") -> int:
    """A time limit as an int; ``name`` is what the caller knows it by.

    Raises:
        TypeError: if it is no whole number.
        ValueError: if it is below 1.
    """
    return whole_number(time_limit, name, 1)


def check_seed(seed: SupportsIndex | None) -> int | None:
    """Return a seed as an int, or None.

    Raises:
        TypeError: if it is no whole number.
        ValueError: if it is negative.
    """
    return None if seed is None else whole_number(seed, "seed", 0)


def check_render_mode(render_mode: str | None) -> str | None:
    """Return ``render_mode`` if there is one of that name, or None.

    Raises:
        ValueError: if there is not.
    """
    if render_mode not in (None, *RENDER_MODES):
        raise ValueError(f'render_mode must be "rgb_array" or None, got {render_mode!r}')
    return render_mode
