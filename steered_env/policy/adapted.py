"""Networks of any make as policies: what they take and give, put around a torch module."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from steered_env.simulator import ACTIONS

from .observations import is_one_observation, observations_tensor
from .probabilities import ActionProbabilities, probabilities_of
from .sb3_models import Preprocess, sb3_policy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class AdaptedPolicy(nn.Module):
    """A torch module as a policy, made by `as_policy`.

    Its layers are those of the module, under the module's own names.

    Args:
        module: The network.
        preprocess: Turns observations, a uint8 tensor ``(B, 64, 64, 3)`` on the module's device, into its input.
        logits: Picks the logits ``(B, 15)`` out of what the module returns.
    """

    def __init__(
        self, module: nn.Module, preprocess: Preprocess | None, logits: Callable[[Any], Tensor] | None
    ) -> None:
        super().__init__()
        self.module = module
        # as partials, which a copy of the policy takes along as they are, as it does no method put on an instance
        if preprocess is not None:
            self.preprocess = partial(preprocess)  # type: ignore[method-assign]
        if logits is not None:
            self.logits = partial(logits)  # type: ignore[method-assign]

    @property
    def adapted(self) -> str:
        """The policy's name in tables: the module's class."""
        return type(self.module).__name__

    def action_probabilities(self, observations: NDArray[np.uint8]) -> NDArray[np.float32]:
        """``(B, 15)`` float32 for observations ``(B, 64, 64, 3)`` uint8, or ``(15,)`` for one observation.

        Raises:
            TypeError: if what the module returns holds no logits where they are looked for.
            ValueError: if they are not 15 for each observation.
        """
        device = next((p.device for p in self.module.parameters()), torch.device("cpu"))
        with torch.inference_mode():
            batch = observations_tensor(observations, device)
            logits = self.logits(self.module(self.preprocess(batch)))
            if tuple(logits.shape) != (len(batch), ACTIONS):
                raise ValueError(
                    f"{type(self.module).__name__} gives logits of shape {tuple(logits.shape)} for {len(batch)} "
                    f"observations, not ({len(batch)}, {ACTIONS}): name the place, as_policy(module, "
                    "logits=lambda output: …)"
                )
            probabilities = probabilities_of(logits)
        return probabilities[0] if is_one_observation(observations) else probabilities

    def preprocess(self, observations: Tensor) -> Any:
        """The module's input: the observations as they are."""
        return observations

    def logits(self, output: Any) -> Tensor:
        """The logits in what the module returned: that itself, or the first of a tuple.

        Raises:
            TypeError: if that is no tensor.
        """
        first = output[0] if isinstance(output, (tuple, list)) and output else output
        if not isinstance(first, Tensor):
            raise TypeError(
                f"{type(self.module).__name__} gives {type(first).__name__} where logits (B, 15) are looked for: name "
                "the place, as_policy(module, logits=lambda output: …)"
            )
        return first


def as_policy(
    module: object,
    preprocess: Preprocess | None = None,
    logits: Callable[[Any], Tensor] | None = None,
) -> nn.Module:
    """A network of any make as a policy that can be steered and measured.

    Example:
        >>> from torch import nn
        >>> from steered_env import Maze, as_policy, cheese_vector
        >>> network = nn.Sequential(nn.Conv2d(1, 8, 5, stride=4), nn.ReLU(), nn.Flatten(), nn.Linear(1800, 15))
        >>> gray = lambda observations: observations.float().mean(dim=3)[:, None] / 255
        >>> policy = as_policy(network, preprocess=gray)
        >>> cheese_vector(policy, Maze.from_level(0), layer="0")["0"].shape
        torch.Size([8, 15, 15])

    Args:
        module: Any torch module; a Stable-Baselines3 model or its policy; or a policy that has ``action_probabilities``
            already, which comes back as it is.
        preprocess: Turns observations, a uint8 tensor ``(B, 64, 64, 3)`` on the module's device, into the module's
            input; None hands them over as they are. Of a Stable-Baselines3 model it makes the observations that the
            model takes (grayscale, stacked, …), None where these are a maze's.
        logits: Picks the logits ``(B, 15)`` out of what the module returns; None takes the output itself, or the first
            of a tuple. A Stable-Baselines3 model has its own.

    Raises:
        TypeError: if it is nothing of this, or something is given for a policy that has its own.
        UnknownPolicyError: if a Stable-Baselines3 model cannot be measured exactly; it says why.
    """
    if preprocess is None and logits is None:
        known = _known(module)
    else:
        known = None if isinstance(module, ActionProbabilities) else sb3_policy(module, preprocess)
        if known is not None and logits is not None:
            raise TypeError(f"{type(module).__name__} knows its own probabilities: leave logits out")
    if known is not None:
        return known
    if not isinstance(module, nn.Module):
        return policy_of(module)
    if isinstance(module, ActionProbabilities):
        raise TypeError(f"{type(module).__name__} has action_probabilities of its own: leave preprocess and logits out")
    return AdaptedPolicy(module, preprocess, logits)


def policy_of(policy: object) -> nn.Module:
    """The policy itself, or an adapter around one that says itself what it takes and gives.

    Raises:
        TypeError: if it is no policy, or a module of which it is not known what it takes.
        UnknownPolicyError: if a Stable-Baselines3 model cannot be measured exactly; it says why.
    """
    if (known := _known(policy)) is not None:
        return known
    if isinstance(policy, nn.Module):
        raise TypeError(
            f"{type(policy).__name__} has no action_probabilities(observations), so that it is not known what input "
            "it takes: write as_policy(module, preprocess=…), where preprocess makes that input of a uint8 tensor "
            "(B, 64, 64, 3)"
        )
    if isinstance(policy, ActionProbabilities):
        raise TypeError(
            f"{type(policy).__name__} has action_probabilities but is no torch module, so that it has no layers to "
            "read or to steer: derive it from torch.nn.Module, with its network as an attribute"
        )
    raise TypeError(
        f"a policy must be a torch module, such as load_policy() gives, or a Stable-Baselines3 model, got "
        f"{_named(policy)}"
    )


def _known(policy: object) -> nn.Module | None:
    if isinstance(policy, nn.Module) and isinstance(policy, ActionProbabilities):
        return policy
    return sb3_policy(policy)


def _named(value: object) -> str:
    return repr(value) if isinstance(value, (str, int, float, type(None))) else type(value).__name__
