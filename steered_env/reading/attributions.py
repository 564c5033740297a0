"""Attribution: how much of a decision is due to each channel and each place of a layer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from steered_env.maze import Maze
from steered_env.policy import logits_of, policy_of
from steered_env.simulator import ACTIONS
from steered_env.steering import DEFAULT_LAYER, LayerChange, resampling, whole_numbers
from steered_env.system import needing

from .named_arrays import activations

if TYPE_CHECKING:
    import xarray as xr

Method = Literal["gradient", "integrated"]


def attribution(
    policy: Any,
    maze: Maze,
    other: Maze,
    *,
    actions: Iterable[int],
    layer: str = DEFAULT_LAYER,
    method: Method = "integrated",
    steps: int = 32,
) -> xr.DataArray:
    """Tell how much each activation in one maze, instead of another, adds to the log-probability of some actions.

    ``"gradient"`` multiplies the gradient with the difference of the activations: right to first order.
    ``"integrated"`` averages the gradient on the straight way from one to the other (Sundararajan et al. 2017, captum's
    ``IntegratedGradients``), so that the numbers sum to the whole effect of the layer.

    DQN takes the action of greatest value, a choice that has no gradient: its probabilities here are those of a softmax
    over the values.

    Args:
        policy: An `ImpalaPolicy`, a network through `as_policy`, or a Stable-Baselines3 model.
        maze: The maze in which the decision is made.
        other: The maze that it is compared with, such as ``maze.without_cheese()``.
        actions: The actions whose summed probability is explained, such as ``ACTIONS_OF["up"]``.
        layer: Name of the layer.
        method: ``"gradient"`` or ``"integrated"``.
        steps: Points on the way, of ``"integrated"``.

    Returns:
        An array like that of `activations`, of one maze: ``.sum(["row", "col"])`` is due to each channel,
        ``.sum("channel")`` to each place.

    Raises:
        MissingExtraError: if captum or xarray is not installed.
        TypeError: if no gradient flows through the policy, or an action is no whole number, as in a mask.
        ValueError: if there is no action, or the method is unknown.
        LayerError: if the policy has no such layer.
    """
    chosen = _checked_actions(actions)
    if method not in ("gradient", "integrated"):
        raise ValueError(f'method must be "gradient" or "integrated", got {method!r}')
    read = activations(policy, [maze, other], layer)
    (name,) = read
    here, there = (torch.from_numpy(np.array(read[name][index]))[None] for index in (0, 1))
    log_probability = _LogProbability(policy, maze, name, chosen)
    if method == "gradient":
        here.requires_grad_()
        (gradient,) = torch.autograd.grad(log_probability(here).sum(), here)
        values = gradient * (here.detach() - there)
    else:
        with needing("analysis"):
            from captum.attr import IntegratedGradients

        values = IntegratedGradients(log_probability).attribute(here, there, n_steps=steps, internal_batch_size=16)
    return read[name][0].copy(data=values[0].detach().float().numpy()).rename(f"{name}:attribution")


def ablation_effects(
    policy: Any, maze: Maze, other: Maze, *, actions: Iterable[int], layer: str = DEFAULT_LAYER
) -> xr.DataArray:
    """Tell by how much the log-probability of some actions falls if a channel is put as it is in another maze: exactly.

    One forward pass for each channel; `attribution` approximates all of them in one or a few. Of DQN the probabilities
    are those of a softmax over the values, as there.

    Args:
        policy: Any policy.
        maze: The maze in which the decision is made.
        other: The maze from which a channel's activations are taken.
        actions: The actions whose summed probability is explained.
        layer: Name of the layer.

    Returns:
        An array ``(channel,)``.

    Raises:
        MissingExtraError: if xarray is not installed.
        TypeError: if an action is no whole number, as in a mask.
        ValueError: if there is no action.
        LayerError: if the policy has no such layer.
    """
    chosen = _checked_actions(actions)
    module = policy_of(policy)
    observation = maze.observe()[None]
    read = activations(policy, [other], layer)
    (name,) = read

    def log_probability() -> float:
        try:
            with torch.no_grad():
                return float(_log_probabilities(logits_of(policy, observation), chosen))
        except TypeError:  # a policy that gives numbers alone: where it is sure, they round to 1
            return float(np.log(module.action_probabilities(observation)[0, chosen].sum()))  # type: ignore[operator]

    whole, effects = log_probability(), []
    donor = resampling(policy, other, layer=layer)
    for channel in range(read[name].sizes["channel"]):
        with donor.in_channels([channel]).applied_to(module):
            effects.append(whole - log_probability())
    array = read[name][0]
    result = array.isel({dim: 0 for dim in array.dims if dim != "channel"}, drop=True)
    return result.copy(data=np.array(effects, np.float32)).rename(f"{name}:ablation")


def rank_agreement(one: xr.DataArray, other: xr.DataArray) -> float:
    """Spearman's rank correlation of what two methods say of each channel, from −1 to 1; places are summed."""
    from scipy.stats import spearmanr

    first, second = (
        array.sum([dim for dim in array.dims if dim != "channel"]).values.tolist() for array in (one, other)
    )
    return float(spearmanr(first, second).statistic)


class _LogProbability:
    """The log-probability of some actions in a maze as a function of a layer's activations."""

    def __init__(self, policy: Any, maze: Maze, layer: str, actions: list[int]) -> None:
        self._policy, self._module, self._layer, self._actions = policy, policy_of(policy), layer, actions
        self._observation = maze.observe()

    def __call__(self, tensors: Tensor) -> Tensor:
        """``(B, …)`` activations to ``(B,)`` log-probabilities."""
        observations = np.repeat(self._observation[None], len(tensors), axis=0)
        with (
            torch.enable_grad(),
            LayerChange(self._layer, lambda own: tensors.to(own.device, own.dtype, copy=True)).applied_to(self._module),
        ):
            logits = logits_of(self._policy, observations)
        return _log_probabilities(logits, self._actions)


def _log_probabilities(logits: Tensor, actions: list[int]) -> Tensor:
    """``(B, 15)`` logits to the ``(B,)`` log-probabilities of some actions, in double precision: many are almost 0."""
    return logits.double().log_softmax(dim=1)[:, actions].logsumexp(dim=1)


def _checked_actions(actions: Iterable[int]) -> list[int]:
    chosen = sorted(set(whole_numbers(actions, "action")))
    if not chosen or not 0 <= chosen[0] <= chosen[-1] < ACTIONS:
        raise ValueError(f"name at least one action, each 0 to {ACTIONS - 1}, got {chosen or 'none'}")
    return chosen
