"""The steering of each condition in each maze, every vector computed once."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice

from torch import nn

from steered_env import (
    Maze,
    Steering,
    VectorError,
    cheese_vector,
    corner_vector,
    mean_difference,
    principal_components,
    random_vector,
)
from steered_env.simulator import Cell
from steered_env.steering import DEFAULT_LAYER, Intervention

from .conditions import Condition
from .expression_text import write_expression
from .expressions import ConditionError
from .vectors import CORNERS, Combination, Function, Given, Term, Vector


@dataclass
class SteeringFactory:
    """Makes the steerings of conditions for one policy, computing each vector of a maze once.

    Args:
        policy: The policy whose activations the vectors are differences of.
    """

    policy: nn.Module
    _fixed: dict[Vector, Steering] = field(default_factory=dict)

    def steerings(self, conditions: Iterable[Condition], maze: Maze) -> dict[str, Intervention]:
        """The steering of each condition, by its name; a condition whose vector does not exist is left out.

        Args:
            conditions: The conditions.
            maze: The maze in its start state; a vector without levels of its own is computed there.

        Raises:
            ConditionError: if a vector that is the same in every maze does not exist.
        """
        here: dict[Term, Steering] = {}
        steerings: dict[str, Intervention] = {}
        for condition in conditions:
            with suppress(VectorError):
                steerings[condition.name] = self._make(condition, maze, here)
        return steerings

    def steering(self, condition: Condition, maze: Maze, known: dict[Term, Steering] | None = None) -> Intervention:
        """The steering of one condition.

        Args:
            condition: The condition.
            maze: The maze in its start state.
            known: Vectors of this maze that were computed before; those that are computed now are added to it.

        Raises:
            VectorError: if a vector of the condition does not exist for this maze.
            ConditionError: if one that is the same in every maze does not exist.
        """
        return self._make(condition, maze, {} if known is None else known)

    def _make(self, condition: Condition, maze: Maze, here: dict[Term, Steering]) -> Intervention:
        recipe = condition.recipe
        if isinstance(recipe, Intervention):
            return recipe
        if isinstance(recipe, Combination):
            return self._combined(recipe, maze, here)
        steering = recipe(self.policy, maze)
        if not isinstance(steering, Intervention):
            raise TypeError(
                f"condition {condition.name!r} must make a Steering or another Intervention, got "
                f"{type(steering).__name__}"
            )
        return steering

    def _combined(self, combination: Combination, maze: Maze, here: dict[Term, Steering]) -> Steering:
        total = Steering()
        for coefficient, name in combination.terms:
            vector = self._vector(name, maze, here)  # also to see that it exists
            total = total + coefficient * vector if coefficient else total
        return total

    def _vector(self, term: Term, maze: Maze, here: dict[Term, Steering]) -> Steering:
        if isinstance(term, Given):
            return term.steering
        if isinstance(term, Vector) and term.fixed:
            if term not in self._fixed:
                self._fixed[term] = self._compute_elsewhere(term)
            return self._fixed[term]
        if term not in here:
            here[term] = (
                self._apply(term, maze, here) if isinstance(term, Function) else self._compute(term, maze, here)
            )
        return here[term]

    def _apply(self, function: Function, maze: Maze, here: dict[Term, Steering]) -> Steering:
        first, *rest = [self._combined(argument, maze, here) for argument in function.arguments]
        try:
            if function.name == "unit":
                return first.normalised()
            return first.onto(*rest) if function.name == "onto" else first.away_from(*rest)
        except ValueError as error:  # a vector of nothing but zeros
            if function.fixed:
                raise ConditionError(f"{_written(function)} exists in no maze: {error}") from None
            raise VectorError(f"{function.name}() does not exist for {maze!r}: {error}") from None

    def _compute_elsewhere(self, vector: Vector) -> Steering:
        _check_levels_of(vector)
        if vector.level is not None:
            return self._compute(vector, Maze.from_level(vector.level), {})
        assert vector.levels is not None
        pairs = [pair for maze in Maze.from_levels(vector.levels) if (pair := _pair(vector, maze))]
        if vector.component is None:
            return mean_difference(self.policy, pairs, layer=vector.layer)
        return principal_components(self.policy, pairs, vector.component, layer=vector.layer)[-1]

    def _compute(self, vector: Vector, maze: Maze, here: dict[Term, Steering]) -> Steering:
        if vector.name == "cheese":
            if vector.cell is not None and not _may_hold_cheese(vector.cell, maze):
                raise VectorError(f"no cheese can lie at {vector.cell} in {maze!r}: a wall or the mouse is there")
            return cheese_vector(self.policy, maze, cell=vector.cell, layer=vector.layer)
        if vector.name in CORNERS:
            return corner_vector(self.policy, maze, corner=CORNERS[vector.name], layer=vector.layer)
        like = Vector(vector.like, layer=vector.layer)
        if like not in here:
            here[like] = self._compute(like, maze, here)
        return random_vector(here[like], seed=vector.seed, level=_noise_key(maze))


def check_named_levels(conditions: Iterable[Condition]) -> None:
    """Refuse vectors of named levels that do not exist there, before anything is measured.

    Raises:
        ConditionError: if there is one.
    """
    recipes = [condition.recipe for condition in conditions if isinstance(condition.recipe, Combination)]
    vectors = [vector for recipe in recipes for vector in recipe.vectors if vector.fixed]
    for vector in dict.fromkeys(replace(vector, layer=DEFAULT_LAYER, seed=0) for vector in vectors):
        _check_levels_of(vector)


def _check_levels_of(vector: Vector) -> None:
    """Refuse a vector that too few of its own levels have."""
    levels = [vector.level] if vector.levels is None else vector.levels
    needed = vector.component or 1
    pairs = (_pair(vector, Maze.from_level(level)) for level in levels if level is not None)
    existing = len(list(islice(filter(None, pairs), needed)))
    if existing == needed:
        return
    written, name = _written(vector), vector.like if vector.name == "random" else vector.name
    if vector.cell is not None:
        raise ConditionError(
            f"{written}: no cheese can lie at {vector.cell} in level {vector.level}, where a wall or the mouse is; "
            "name another cell or level"
        )
    if vector.levels is None:
        raise ConditionError(
            f"{written}: level {vector.level} has no {name} vector, since there is no path to carve; name another level"
        )
    raise ConditionError(
        f"{written}: only {existing} of its {len(vector.levels)} levels have a {name} vector, and it takes {needed}; "
        "name more levels"
    )


def _pair(vector: Vector, maze: Maze) -> tuple[Maze, Maze] | None:
    """The two mazes of whose activations a vector is the difference; None if it does not exist."""
    name = vector.like if vector.name == "random" else vector.name
    if name == "cheese":
        if vector.cell is not None:
            if not _may_hold_cheese(vector.cell, maze):
                return None
            maze = maze.with_cheese(vector.cell)
        return None if maze.cheese is None else (maze, maze.without_cheese())
    carved = maze.with_corner_path(CORNERS[name])
    return None if carved == maze else (carved, maze)


def _may_hold_cheese(cell: Cell, maze: Maze) -> bool:
    return not maze.walls[cell] and cell != maze.mouse


def _written(term: Term) -> str:
    return write_expression(Combination(((1.0, term),)))


def _noise_key(maze: Maze) -> int:
    """Key of a maze's noise: its level, or else its text, so that no two mazes without a level share their noise."""
    return zlib.crc32(str(maze).encode()) if maze.level is None else maze.level


def those_that_exist(expressions: Iterable[str], policy: nn.Module, maze: Maze) -> list[str]:
    """Select the expressions whose vectors exist for a maze."""
    wanted = list(expressions)
    existing = SteeringFactory(policy).steerings([Condition.parse(expression) for expression in wanted], maze)
    return [expression for expression in wanted if expression in existing]
