"""How a maze is measured."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any, Literal

from steered_env.simulator import whole_number

Method = Literal["exact", "sampled"]
"""How rates are measured."""
TOLERANCE = 1e-6
"""The most by which an exact rate may be too low, unless another bound is asked for."""


@dataclass(frozen=True)
class Settings:
    """How to measure a maze.

    Attributes:
        method: ``"exact"``, or ``"sampled"`` to step the simulator.
        horizon: Steps within which a place must be reached.
        episodes: Episodes of each maze and condition; sampled only.
        seed: Seed of the sampled actions.
        deterministic: Whether the likeliest action is always taken.
        tolerance: The most by which a rate may be too low; exact only. With 0 the network runs in every state.
        device: Where the network runs, such as ``"cpu"``; rates from a GPU differ from those of a CPU by rounding.

    Raises:
        TypeError: if one is of the wrong kind.
        ValueError: if one is out of range.
    """

    method: Method
    horizon: int
    episodes: int
    seed: int
    deterministic: bool = False
    tolerance: float = TOLERANCE
    device: str = "cpu"

    def __post_init__(self) -> None:
        if self.method not in ("exact", "sampled"):
            raise ValueError(f'method must be "exact" or "sampled", got {self.method!r}')
        for name, lowest in (("horizon", 1), ("episodes", 1), ("seed", 0)):
            value = whole_number(getattr(self, name), name, lowest)
            object.__setattr__(self, name, value)  # a plain int, as JSON wants it
        if isinstance(self.tolerance, bool) or not isinstance(self.tolerance, Real) or not 0 <= self.tolerance <= 1:
            raise ValueError(f"tolerance must be 0 to 1, got {self.tolerance!r}")
        if type(self.tolerance) not in (int, float):
            object.__setattr__(self, "tolerance", float(self.tolerance))

    def description(self) -> dict[str, Any]:
        """The settings for people, without those that belong to the other method."""
        other = "episodes" if self.method == "exact" else "tolerance"
        return {name: value for name, value in asdict(self).items() if name != other}
