"""Conditions: what is to be compared, written as expressions such as ``2*top_right - cheese``.

A condition is a linear combination of vectors::

    baseline                           nothing
    -cheese                            the cheese vector of each maze, subtracted
    top_right(level=0)                 the top-right vector of level 0, in every maze
    2*top_right - cheese               the two composed
    -random(seed=3)                    noise with the spread of each maze's cheese vector
    random(like="top_right")           noise with the spread of another vector
    cheese(layer="embedder.block1")    at another layer
    top_left                           the vector of another corner
    cheese(cell=(20, 18))              of a cheese that is put there
    cheese(levels="0:20")              the mean over levels, in every maze
    cheese(levels="0:20", component=1) the first principal component of those of levels
    5 * unit(cheese)                   as long as 5
    away_from(top_right, cheese)       without what points along another; onto() is what does
    mine                               a `Steering` that is given by that name

Expressions are parsed, never run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Union

from torch import nn

from evaluation.storage import BASELINE
from steered_env import Maze, Steering
from steered_env.steering import Intervention

from .expressions import NO_VECTORS, check_vectors, read_expression
from .vectors import Combination

USUAL_CONDITIONS = (BASELINE, "-cheese", "top_right", "top_right - cheese", "-random")
"""Conditions that `steered-env table` and the model cards compare."""

SteeringMaker = Callable[[nn.Module, Maze], Intervention]
ConditionLike = Union[str, "Condition", tuple[str, Intervention | SteeringMaker]]
"""An expression, a `Condition`, or a name with an `Intervention` or with a function that makes one of a maze."""


@dataclass(frozen=True)
class Condition:
    """A named steering: a combination of vectors, a fixed steering, or a function of policy and maze.

    Example:
        >>> [(coefficient, vector.name) for coefficient, vector in Condition.parse("2*top_right - cheese").recipe.terms]
        [(2.0, 'top_right'), (-1.0, 'cheese')]

    Attributes:
        name: The name in tables.
        recipe: What makes the steering of a maze.

    Raises:
        ValueError: if one that steers is called ``baseline``, the name of what all others are compared with, or a name
            cannot be written to a file.
    """

    name: str
    recipe: Combination | Intervention | SteeringMaker = field(default_factory=Combination)

    def __post_init__(self) -> None:
        try:
            self.name.encode()
        except UnicodeEncodeError as error:
            broken = self.name[error.start : error.end]
            raise ValueError(
                f"the condition's name {self.name!r} cannot be written as UTF-8, because of {broken!r}: give it a name "
                "of whole characters"
            ) from None
        if self.name == BASELINE and self.steers and not (isinstance(self.recipe, Steering) and not self.recipe.norm()):
            raise ValueError(
                f"the name {BASELINE!r} is kept for no steering, which all other conditions are compared with: give "
                "this one another name"
            )

    @property
    def steers(self) -> bool:
        """Whether it names anything that steers."""
        return not isinstance(self.recipe, Combination) or bool(self.recipe.terms)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that it names; none for a function, whose layers are known only when it is called."""
        if isinstance(self.recipe, Intervention):
            return tuple(self.recipe.changes())
        if isinstance(self.recipe, Combination):
            return self.recipe.layers
        return ()

    @classmethod
    def parse(cls, expression: str, vectors: Mapping[str, Steering] = NO_VECTORS) -> Condition:
        """Read an expression.

        Args:
            expression: The expression, which becomes the condition's name.
            vectors: Vectors of the caller's, by the words that stand for them.

        Raises:
            ConditionError: if it is no condition; the message names the place and what was expected.
        """
        name = " ".join(expression.split())
        return cls(name, read_expression(name, vectors))

    @classmethod
    def of(cls, condition: ConditionLike, vectors: Mapping[str, Steering] = NO_VECTORS) -> Condition:
        """A condition from an expression, or from a name with a steering or a function that makes one.

        Raises:
            ConditionError: if an expression is no condition.
            TypeError: if it is something else.
            ValueError: if one that steers is called ``baseline``.
        """
        if isinstance(condition, Condition):
            return condition
        if isinstance(condition, str):
            return cls.parse(condition, vectors)
        if isinstance(condition, tuple) and len(condition) == 2 and isinstance(condition[0], str):
            name, recipe = condition
            if isinstance(recipe, Intervention) or callable(recipe):
                return cls(name, recipe)
        raise TypeError(
            "a condition is an expression, or a name with a Steering (or another Intervention) or with a function "
            "(policy, maze) -> Steering, "
            f"got {condition!r}"
        )


UNNAMED = "steering"
"""The name of a steering alone that nobody named."""


def read_condition(condition: ConditionLike | Intervention, vectors: Mapping[str, Steering] | None = None) -> Condition:
    """One condition alone, where a steering needs no name.

    Args:
        condition: An expression, a steering, or a name with one or with a function that makes one.
        vectors: Vectors of your own, by the words that stand for them in an expression.

    Raises:
        ConditionError: if an expression is no condition.
        TypeError: if it is something else.
        ValueError: if a word of ``vectors`` is none that may be used.
    """
    named = (UNNAMED, condition) if isinstance(condition, Intervention) else condition
    return read_conditions([named], vectors)[0]


def read_conditions(
    conditions: Iterable[ConditionLike] | Mapping[str, Intervention | SteeringMaker],
    vectors: Mapping[str, Steering] | None = None,
) -> tuple[Condition, ...]:
    """Several conditions, each name once.

    Args:
        conditions: Expressions, or names with what they stand for.
        vectors: Vectors of the caller's, by the words that stand for them in expressions.

    Raises:
        ConditionError: if an expression is no condition.
        TypeError: if something is no condition at all, or a vector no `Steering`.
        ValueError: if there is none, or two have one name, or a vector's word cannot be one.
    """
    own = check_vectors(vectors)
    if isinstance(conditions, str):
        raise TypeError(f"conditions must be a list, got the one string {conditions!r}")
    items = conditions.items() if isinstance(conditions, Mapping) else conditions
    result = tuple(Condition.of(item, own) for item in items)
    names = [condition.name for condition in result]
    if not names:
        raise ValueError(f"there must be at least one condition, such as {BASELINE!r}")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two conditions are called {twice[0]!r}; give each a name of its own")
    return result
