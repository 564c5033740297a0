"""The vectors that a condition combines."""

from __future__ import annotations

from dataclasses import dataclass

from steered_env import Steering
from steered_env.simulator import Cell
from steered_env.steering import DEFAULT_LAYER

CORNERS = {name.replace(" ", "_"): name for name in ("top right", "top left", "bottom right", "bottom left")}
"""Words of conditions, and the corners to whose vectors they belong."""
VECTORS = ("cheese", *CORNERS, "random")
"""The words of expressions that stand for a vector."""
FUNCTIONS = {"unit": 1, "onto": 2, "away_from": 2}
"""Functions of vectors, and how many they take."""


@dataclass(frozen=True)
class Vector:
    """One vector of an expression.

    Attributes:
        name: One of `VECTORS`.
        level: The level whose vector is used in every maze; None for each maze's own.
        layer: Name of the layer.
        seed: Seed of ``random``.
        like: The vector whose spread ``random`` takes.
        cell: Where the cheese is put, of ``cheese``; None for where it is.
        levels: Levels of whose vectors one is made, for every maze: their mean, or a principal component.
        component: Which principal component, from 1; None for the mean.
    """

    name: str
    level: int | None = None
    layer: str = DEFAULT_LAYER
    seed: int = 0
    like: str = "cheese"
    cell: Cell | None = None
    levels: range | tuple[int, ...] | None = None
    component: int | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that it names."""
        return (self.layer,)

    @property
    def fixed(self) -> bool:
        """Whether it is the same in every maze."""
        return self.level is not None or self.levels is not None


@dataclass(frozen=True, eq=False)
class Given:
    """A vector of the caller's.

    Attributes:
        name: The word that stands for it.
        steering: The vector.
    """

    name: str
    steering: Steering

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that it names."""
        return tuple(self.steering)

    @property
    def fixed(self) -> bool:
        """It is the same in every maze."""
        return True


@dataclass(frozen=True)
class Function:
    """A function of combinations of vectors.

    Attributes:
        name: One of `FUNCTIONS`.
        arguments: What it is applied to.
    """

    name: str
    arguments: tuple[Combination, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that its arguments name."""
        return tuple(layer for argument in self.arguments for layer in argument.layers)

    @property
    def fixed(self) -> bool:
        """Whether it is the same in every maze."""
        return all(term.fixed for argument in self.arguments for _, term in argument.terms)


Term = Vector | Given | Function


@dataclass(frozen=True)
class Combination:
    """A linear combination of vectors, computed for the maze that is measured.

    Attributes:
        terms: Coefficients and vectors; without any, nothing is steered.
    """

    terms: tuple[tuple[float, Term], ...] = ()

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that it names, each once."""
        return tuple(dict.fromkeys(layer for _, term in self.terms for layer in term.layers))

    @property
    def vectors(self) -> tuple[Vector, ...]:
        """The vectors that it names and that are to be computed, those inside functions included."""
        found: list[Vector] = []
        for _, term in self.terms:
            if isinstance(term, Vector):
                found.append(term)
            elif isinstance(term, Function):
                found += [vector for argument in term.arguments for vector in argument.vectors]
        return tuple(found)

    def scaled(self, factor: float) -> Combination:
        """The combination times a number."""
        return Combination(tuple((coefficient * factor, vector) for coefficient, vector in self.terms))

    def __add__(self, other: Combination) -> Combination:
        return Combination(self.terms + other.terms)
