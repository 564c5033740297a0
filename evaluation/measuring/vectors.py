"""The vectors that a condition combines."""

from __future__ import annotations

from dataclasses import dataclass

from steered_env.steering import DEFAULT_LAYER

VECTORS = ("cheese", "top_right", "random")


@dataclass(frozen=True)
class Vector:
    """One vector of an expression.

    Attributes:
        name: ``cheese``, ``top_right`` or ``random``.
        level: The level whose vector is used in every maze; None for each maze's own.
        layer: Dotted name of the layer.
        seed: Seed of ``random``.
        like: The vector whose spread ``random`` takes.
    """

    name: str
    level: int | None = None
    layer: str = DEFAULT_LAYER
    seed: int = 0
    like: str = "cheese"


@dataclass(frozen=True)
class Combination:
    """A linear combination of vectors, computed for the maze that is measured.

    Attributes:
        terms: Coefficients and vectors; without any, nothing is steered.
    """

    terms: tuple[tuple[float, Vector], ...] = ()

    def scaled(self, factor: float) -> Combination:
        """The combination times a number."""
        return Combination(tuple((coefficient * factor, vector) for coefficient, vector in self.terms))

    def __add__(self, other: Combination) -> Combination:
        return Combination(self.terms + other.terms)
