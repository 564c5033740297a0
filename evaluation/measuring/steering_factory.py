"""The steering of each condition in each maze, every vector computed once."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from torch import nn

from steered_env import Maze, Steering, VectorError, cheese_vector, random_vector, top_right_vector
from steered_env.steering import Intervention

from .conditions import Condition
from .vectors import Combination, Vector


@dataclass
class SteeringFactory:
    """Makes the steerings of conditions for one policy, computing each vector of a maze once.

    Args:
        policy: whose activations the vectors are differences of.
    """

    policy: nn.Module
    _fixed: dict[tuple[Vector, int], Steering] = field(default_factory=dict)

    def steerings(self, conditions: Iterable[Condition], maze: Maze) -> dict[str, Intervention]:
        """The steering of each condition, by its name; a condition whose vector does not exist is left out.

        Args:
            conditions: which.
            maze: in its start state; a vector without a level of its own is computed there.
        """
        here: dict[Vector, Steering] = {}
        steerings: dict[str, Intervention] = {}
        for condition in conditions:
            with suppress(VectorError):
                steerings[condition.name] = self._make(condition, maze, here)
        return steerings

    def steering(self, condition: Condition, maze: Maze) -> Intervention:
        """The steering of one condition.

        Raises:
            VectorError: if a vector of the condition does not exist for this maze.
        """
        return self._make(condition, maze, {})

    def _make(self, condition: Condition, maze: Maze, here: dict[Vector, Steering]) -> Intervention:
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

    def _combined(self, combination: Combination, maze: Maze, here: dict[Vector, Steering]) -> Steering:
        total = Steering()
        for coefficient, name in combination.terms:
            vector = self._vector(name, maze, here)  # also to see that it exists
            total = total + coefficient * vector if coefficient else total
        return total

    def _vector(self, vector: Vector, maze: Maze, here: dict[Vector, Steering]) -> Steering:
        if vector.level is not None:
            key = (vector, vector.level)
            if key not in self._fixed:
                self._fixed[key] = self._compute(vector, Maze.from_level(vector.level), {})
            return self._fixed[key]
        if vector not in here:
            here[vector] = self._compute(vector, maze, here)
        return here[vector]

    def _compute(self, vector: Vector, maze: Maze, here: dict[Vector, Steering]) -> Steering:
        if vector.name == "cheese":
            return cheese_vector(self.policy, maze, layer=vector.layer)
        if vector.name == "top_right":
            return top_right_vector(self.policy, maze, layer=vector.layer)
        like = Vector(vector.like, layer=vector.layer)
        if like not in here:
            here[like] = self._compute(like, maze, here)
        return random_vector(here[like], seed=vector.seed, level=_noise_key(maze))


def _noise_key(maze: Maze) -> int:
    """Key of a maze's noise: its level, or else its text, so that no two mazes without a level share their noise."""
    return zlib.crc32(str(maze).encode()) if maze.level is None else maze.level


def those_that_exist(expressions: Iterable[str], policy: nn.Module, maze: Maze) -> list[str]:
    """Select the expressions whose vectors exist for a maze."""
    wanted = list(expressions)
    existing = SteeringFactory(policy).steerings([Condition.parse(expression) for expression in wanted], maze)
    return [expression for expression in wanted if expression in existing]
