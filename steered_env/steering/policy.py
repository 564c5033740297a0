"""A policy with its steering, ready for any loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from steered_env.policy import (
    ActionProbabilities,
    as_batch,
    check_evaluates,
    check_finite,
    check_shape,
    first_fault,
    is_one_observation,
    policy_of,
)
from steered_env.simulator import whole_number

from .intervention import Intervention, applying
from .layers import find_layer
from .steering import Steering

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ActionProbabilities", "SteeredPolicy", "sample_actions"]


def sample_actions(probabilities: NDArray[np.floating[Any]], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
    """Actions drawn by inverting the cumulated probabilities.

    Args:
        probabilities: ``(B, 15)``.
        uniforms: ``(B,)``, each in [0, 1).

    Returns:
        ``(B,)`` int64.
    """
    cumulated = probabilities.cumsum(axis=1, dtype=np.float64)
    actions: NDArray[np.int64] = (uniforms[:, None] * cumulated[:, -1:] >= cumulated).sum(axis=1)
    return actions


class SteeredPolicy:
    """A policy whose activations are steered in every forward pass of its own; the policy itself is unchanged.

    Has the ``predict`` of a Stable-Baselines3 model and so goes wherever one goes.

    Example:
        >>> from steered_env import Maze, SteeredPolicy, cheese_vector, load_policy
        >>> policy, maze = load_policy(), Maze.from_level(0)
        >>> steered = SteeredPolicy(policy, -cheese_vector(policy, maze), seed=0)
        >>> actions, state = steered.predict(maze.observe())
        >>> steered.action_probabilities(maze.observe()).shape
        (15,)

    Args:
        policy: A module with ``action_probabilities``, such as `ImpalaPolicy`; a Stable-Baselines3 model or its policy;
            any other network through `as_policy`.
        steering: The steering to add, or another `Intervention`; None for nothing.
        seed: Seed of the generator that draws the actions; None for a fresh one.

    Raises:
        TypeError: if the policy is nothing of this, the steering no `Intervention`, or the seed no whole number.
        ValueError: if the seed is negative, a weight of the policy is not finite, or a part that acts differently in
            training is in training mode.
        LayerError: if it lacks a layer of the steering.
    """

    def __init__(self, policy: Any, steering: Intervention | None = None, *, seed: int | None = None) -> None:
        module = policy_of(policy)
        if not (steering is None or isinstance(steering, Intervention)):
            raise TypeError(
                "a steering is a Steering or another Intervention, such as -cheese_vector(policy, maze), got "
                f"{type(steering).__name__}"
            )
        check_finite(module)
        check_evaluates(module)
        self.policy = module
        self.steering: Intervention = Steering() if steering is None else steering
        for layer in self.steering.changes():
            find_layer(module, layer)
        self._generator = np.random.default_rng(None if seed is None else whole_number(seed, "seed", 0))

    def action_probabilities(self, observations: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Compute action probabilities: ``(B, 64, 64, 3)`` uint8 to ``(B, 15)`` float32, or one of each.

        Observations may have the channels first, as Stable-Baselines3 transposes them. Threads may share one steered
        policy.

        Raises:
            ValueError: if a part of the policy that acts differently in training is in training mode by now.
        """
        check_evaluates(self.policy)
        batch = as_batch(observations)
        with applying(self.steering, self.policy) as application:
            found = self.policy.action_probabilities(batch)  # type: ignore[operator]
        application.check_reached()
        probabilities = check_shape(found, len(batch), self.policy).astype(np.float32, copy=False)
        return probabilities[0] if is_one_observation(observations) else probabilities

    def predict(
        self,
        observation: NDArray[np.uint8],
        state: tuple[NDArray[Any], ...] | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.int64], tuple[NDArray[Any], ...] | None]:
        """Choose actions, with the signature of Stable-Baselines3's models.

        Args:
            observation: ``(B, 64, 64, 3)`` uint8, or one ``(64, 64, 3)``; or with the channels first.
            state: Handed back as it came; this policy has no memory.
            episode_start: Ignored, likewise.
            deterministic: Take the likeliest action instead of drawing one.

        Returns:
            The actions, ``(B,)`` int64, or one int64 for one observation; and ``state``.

        Raises:
            ValueError: if what the steered network gives for an observation are no probabilities, as where a strong
                steering overflows.
        """
        probabilities = self.action_probabilities(as_batch(observation))
        if fault := first_fault(probabilities):
            raise ValueError(
                f"no action can be chosen for observation {fault[0]} of {len(probabilities)}, whose probabilities are "
                f"none: {fault[1]}; steer less strongly, or look at the policy"
            )
        if deterministic:
            actions = probabilities.argmax(axis=1)
        else:
            actions = sample_actions(probabilities, self._generator.random(len(probabilities)))
        return (actions[0] if is_one_observation(observation) else actions), state
