"""Cutting the forward pass of an `ImpalaPolicy` where a steering first changes it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from steered_env import ImpalaPolicy
from steered_env.steering import Change, Intervention, InTurn, find_layer


@dataclass(frozen=True)
class Cut:
    """The place where a steered forward pass leaves the plain one.

    Attributes:
        stage: Index of the first stage that is run again.
        change: What happens to that stage's input first, or None.
        rest: The changes to be hooked in from there on.
    """

    stage: int
    change: Change | None
    rest: Intervention


class Stages:
    """The stages of a policy, to be run from one to another.

    Args:
        policy: A policy that is cuttable and stays so.
    """

    def __init__(self, policy: ImpalaPolicy) -> None:
        self.policy = policy
        self._names = policy.stages
        self._modules = [policy.get_submodule(name) for name in self._names]
        self._places: dict[str, tuple[int, bool]] = {}

    @property
    def device(self) -> torch.device:
        """The device that the policy lies on."""
        return next(self.policy.parameters()).device

    def __len__(self) -> int:
        """The number of stages."""
        return len(self._names)

    def run(self, x: Tensor, first: int, end: int) -> Tensor:
        """Run the stages from number ``first`` to before ``end`` on the input of the first one."""
        for stage in self._modules[first:end]:
            x = stage(x)
        return x

    def logits(self, x: Tensor, first: int) -> Tensor:
        """Run all that follows from stage number ``first`` on: logits ``(B, 15)``."""
        logits, _ = self.policy.heads(self.run(x, first, len(self)))
        return logits

    def cut_of(self, steering: Intervention) -> Cut:
        """Find where a steered pass leaves the plain one."""
        in_turn = tuple(
            (self._same_output(find_layer(self.policy, layer)), change) for layer, change in steering.steps()
        )
        whole = InTurn(in_turn)
        changes = whole.changes()
        if not changes:
            return Cut(len(self), None, whole)
        first = min(changes, key=self._place_of)
        stage, is_output = self._place_of(first)
        if not is_output:  # inside a stage, or a head: run that again with a hook
            return Cut(stage, None, whole)
        rest = InTurn(tuple((layer, change) for layer, change in in_turn if layer != first))
        return Cut(stage + 1, changes[first], rest)

    def _place_of(self, layer: str) -> tuple[int, bool]:
        if layer not in self._places:
            self._places[layer] = self.policy.place_of(layer)
        return self._places[layer]

    def _same_output(self, layer: str) -> str:
        """The stage whose output is also this layer's, or the layer itself."""
        stage, is_output = self._place_of(layer)
        return self._names[stage] if is_output else layer
