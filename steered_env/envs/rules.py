"""The rules of an episode that both environments share."""

from __future__ import annotations

from typing import Literal

from steered_env.simulator import whole_number

Until = Literal["cheese", "either"]
"""What ends an episode: the cheese, or the cheese and the corner."""

RENDER_MODES = ["rgb_array"]
CHEESE_REWARD = 10.0
"""Procgen's own reward for the cheese; every other step earns 0."""

FRAMES_PER_SECOND = 15


def check_until(until: Until) -> Until:
    """``until`` if it is ``"cheese"`` or ``"either"``.

    Raises:
        ValueError: if it is not.
    """
    if until not in ("cheese", "either"):
        raise ValueError(f'until must be "cheese" or "either", got {until!r}')
    return until


def check_time_limit(time_limit: int) -> int:
    """A time limit as an int.

    Raises:
        TypeError: if it is no whole number.
        ValueError: if it is below 1.
    """
    if whole_number(time_limit, "time_limit") < 1:
        raise ValueError(f"time_limit must be ≥ 1, got {time_limit}")
    return time_limit


def check_render_mode(render_mode: str | None) -> str | None:
    """``render_mode`` if there is one of that name, or None.

    Raises:
        ValueError: if there is not.
    """
    if render_mode not in (None, *RENDER_MODES):
        raise ValueError(f'render_mode must be "rgb_array" or None, got {render_mode!r}')
    return render_mode
