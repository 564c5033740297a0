"""Running one policy under many steerings on the same frames, sharing what they have in common."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from steered_env import ImpalaPolicy, SteeredPolicy, Steering
from steered_env.policy import to_input
from steered_env.simulator import ACTIONS, FRAME_SHAPE
from steered_env.steering import Change, Intervention, InTurn, find_layer

if TYPE_CHECKING:
    from numpy.typing import NDArray


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let torch compute in one thread: workers are the parallelism, and the bits do not depend on it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def module_and_steering(policy: nn.Module | SteeredPolicy) -> tuple[nn.Module, Intervention]:
    """A policy's torch module, and the steering that it brings along."""
    return (policy.policy, policy.steering) if isinstance(policy, SteeredPolicy) else (policy, Steering())


@dataclass(frozen=True)
class _Cut:
    """Where a steered forward pass leaves the plain one.

    Attributes:
        stage: index of the first stage that is run again.
        change: what happens to that stage's input first, or None.
        rest: the changes to be hooked in from there on.
    """

    stage: int
    change: Change | None
    rest: Intervention


class SharedForward:
    """Action probabilities of a policy under several steerings, or other interventions.

    For an `ImpalaPolicy` the layers before the first steered one run once per frame, and only the rest once
    per steering.

    Args:
        policy: is copied, so that threads do not share hooks.
        batch_size: frames in every forward pass, the last one padded: one shape, so the same bits every time.
    """

    def __init__(self, policy: nn.Module, *, batch_size: int = 64) -> None:
        self.policy = copy.deepcopy(policy).eval()
        self._batch_size = batch_size

    def probabilities(self, frames: NDArray[np.uint8], steerings: Sequence[Intervention]) -> NDArray[np.float32]:
        """What the policy would do.

        Args:
            frames: ``(N, 64, 64, 3)`` uint8.
            steerings: K of them.

        Returns:
            ``(K, N, 15)`` float32.
        """
        count, size = len(frames), self._batch_size
        result = np.empty((len(steerings), count, ACTIONS), np.float32)
        padded = np.zeros((-(-count // size) * size, *FRAME_SHAPE), np.uint8)
        padded[:count] = frames
        cuts = [self._cut(s) for s in steerings] if isinstance(self.policy, ImpalaPolicy) else []
        for start in range(0, count, size):
            batch = padded[start : start + size]
            used = min(size, count - start)
            rows = self._shared(batch, cuts) if cuts else self._separate(batch, steerings)
            result[:, start : start + used] = rows[:, :used]
        return result

    def _separate(self, batch: NDArray[np.uint8], steerings: Sequence[Intervention]) -> NDArray[np.float32]:
        rows = []
        for steering in steerings:
            with steering.applied_to(self.policy):
                rows.append(self.policy.action_probabilities(batch))  # type: ignore[operator]
        return np.stack(rows)

    def _shared(self, batch: NDArray[np.uint8], cuts: Sequence[_Cut]) -> NDArray[np.float32]:
        policy = self.policy
        assert isinstance(policy, ImpalaPolicy)
        stages = [policy.get_submodule(name) for name in policy.stages]
        rows = np.empty((len(cuts), len(batch), ACTIONS), np.float32)
        with torch.inference_mode():
            inputs = [to_input(batch, next(policy.parameters()).device)]
            for stage in stages[: max(cut.stage for cut in cuts)]:
                inputs.append(stage(inputs[-1]))
            for row, cut in zip(rows, cuts, strict=True):
                x = inputs[cut.stage]
                if cut.change is not None:
                    x = cut.change(x)
                with cut.rest.applied_to(policy):
                    for stage in stages[cut.stage :]:
                        x = stage(x)
                    logits, _ = policy.heads(x)
                row[:] = logits.softmax(1).cpu().numpy()
        return rows

    def _cut(self, steering: Intervention) -> _Cut:
        policy = self.policy
        assert isinstance(policy, ImpalaPolicy)
        whole: Intervention = InTurn({})
        found = {find_layer(policy, layer): change for layer, change in steering.changes().items()}
        for layer in sorted(found, key=policy.layers.index):  # hooks run inside out
            whole = whole.then(InTurn({_same_output(policy, layer): found[layer]}))
        changes, stages = whole.changes(), policy.stages
        if not changes:
            return _Cut(len(stages), None, whole)
        first = min(changes, key=lambda layer: _position(policy, layer))
        stage = int(_position(policy, first))
        if first not in stages:  # inside a stage, or a head: run that again with a hook
            return _Cut(stage, None, whole)
        rest = InTurn({layer: change for layer, change in changes.items() if layer != first})
        return _Cut(stage + 1, changes[first], rest)


def _same_output(policy: ImpalaPolicy, layer: str) -> str:
    """The stage whose output is also this layer's, or the layer itself."""
    if layer == "embedder":
        return policy.stages[-1]
    if layer.removesuffix(".resadd") in policy.stages:
        return layer.removesuffix(".resadd")
    if f"{layer}.res2" in policy.stages:
        return f"{layer}.res2"
    return layer


def _position(policy: ImpalaPolicy, layer: str) -> float:
    """The index of a layer's stage; a layer inside it comes half a stage before its end."""
    for index, stage in enumerate(policy.stages):
        if layer == stage:
            return index + 0.5
        if layer.startswith(f"{stage}."):
            return float(index)
    return float(len(policy.stages))
