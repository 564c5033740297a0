"""Running one policy under many steerings on the same observations, sharing what they have in common."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from steered_env import Maze
from steered_env.policy import check_shape, first_fault, probabilities_of
from steered_env.simulator import ACTIONS, OBSERVATION_SHAPE, Cell
from steered_env.steering import Intervention, applying
from steered_env.system import check_given_up, worker_threads

from .cuts import Cut, Stages
from .cuttable import is_cuttable

if TYPE_CHECKING:
    from numpy.typing import NDArray


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let torch compute in one thread: workers are the parallelism, and the bits do not depend on it.

    On a GPU it computes in float32 then, not in the shorter TF32 that convolutions have by default there.
    """
    threads = torch.get_num_threads()
    has_gpu = torch.cuda.is_available()
    short = (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) if has_gpu else None
    torch.set_num_threads(1)
    if short:
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        if short:
            torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = short


class NoProbabilitiesError(ValueError):
    """Numbers of a policy that are no probabilities."""


def check_probabilities(rows: NDArray[np.float32], condition: str, maze: Maze, cells: Sequence[Cell]) -> None:
    """Check what a policy would do.

    Args:
        rows: ``(N, 15)`` float32.
        condition: its name.
        maze: where the mouse is.
        cells: N cells, where it stands.

    Raises:
        NoProbabilitiesError: if one of the rows holds no probabilities; names maze, cell and condition.
    """
    if fault := first_fault(rows):
        index, what = fault
        where = "a maze without a level" if maze.level is None else f"level {maze.level}"
        raise NoProbabilitiesError(
            f"condition {condition!r} leaves no probabilities in {where}, cell {cells[index]}: {what}; steer less "
            "strongly, or look at the policy"
        )


def own_copy(policy: nn.Module) -> nn.Module:
    """A copy of a policy in evaluation mode, or the policy itself where a copy would not do what it does.

    So it is where it cannot be copied, as with an open file or a lock in it, and where a function was put in the place
    of one of its methods: that function may hold on to the original.

    Raises:
        ValueError: if it is the policy itself, and in training mode.
    """
    if not any(_has_function_for_method(part) for part in policy.modules()):
        try:
            return copy.deepcopy(policy).eval()
        except (TypeError, RuntimeError):  # what cannot be pickled; tensors that are results of others
            pass
    if any(part.training for part in policy.modules()):
        raise ValueError(
            f"{type(policy).__name__} is measured as it is, since it cannot be copied, and is in training mode: call "
            ".eval() first"
        )
    return policy


def _move(policy: nn.Module, device: torch.device, *, is_copy: bool) -> None:
    """Move a policy to a device, unless it is there.

    Raises:
        ValueError: if it is the caller's own and lies elsewhere.
    """
    if is_copy:
        policy.to(device)
    elif any(parameter.device.type != device.type for parameter in policy.parameters()):
        raise ValueError(
            f"{type(policy).__name__} is measured as it is, since it cannot be copied, and does not lie on {device}: "
            f"move it there first, with .to({str(device)!r})"
        )


def _has_function_for_method(part: nn.Module) -> bool:
    return any(isinstance(kept, FunctionType) and hasattr(type(part), name) for name, kept in vars(part).items())


class SharedForward:
    """Action probabilities of a policy under several steerings, or other interventions.

    For an `ImpalaPolicy` as it is built the layers before the first steered one run once per observation, and only the
    rest once per steering. Everything else goes through its own ``action_probabilities``, once per steering.

    Args:
        policy: is copied, so that threads do not share what it keeps while it runs; see `own_copy`.
        batch_size: observations in every forward pass, the last one padded: one shape, so the same bits every time.
        threads: how many batches run at once, each in one torch thread, where no steering needs hooks; 1 where several
            mazes are measured at once.
        device: Where the copy goes; by default it stays where the policy is.
    """

    def __init__(
        self,
        policy: nn.Module,
        *,
        batch_size: int = 64,
        threads: int = 1,
        device: torch.device | str | None = None,
    ) -> None:
        self.policy = own_copy(policy)
        if device is not None:
            _move(self.policy, torch.device(device), is_copy=self.policy is not policy)
        self._batch_size, self._threads = batch_size, threads
        self._is_copy = self.policy is not policy
        self._stages: Stages | None = None

    def at(
        self,
        maze: Maze,
        cells: Sequence[Cell],
        observations: NDArray[np.uint8],
        conditions: Mapping[str, Intervention],
    ) -> NDArray[np.float32]:
        """Compute action probabilities in some cells of a maze, under several conditions.

        Args:
            maze: which.
            cells: N of them, where the mouse is.
            observations: ``(N, 64, 64, 3)`` uint8, what it sees there.
            conditions: K names, each with its steering.

        Returns:
            ``(K, N, 15)`` float32.

        Raises:
            NoProbabilitiesError: if one of the rows holds no probabilities; names maze, cell and condition.
        """
        probabilities = self.probabilities(observations, list(conditions.values()))
        for name, rows in zip(conditions, probabilities, strict=True):
            check_probabilities(rows, name, maze, cells)
        return probabilities

    def probabilities(self, observations: NDArray[np.uint8], steerings: Sequence[Intervention]) -> NDArray[np.float32]:
        """Compute action probabilities, unchecked.

        Args:
            observations: ``(N, 64, 64, 3)`` uint8.
            steerings: K of them.

        Returns:
            ``(K, N, 15)`` float32.
        """
        count, size = len(observations), self._batch_size
        result = np.empty((len(steerings), count, ACTIONS), np.float32)
        padded = np.zeros((-(-count // size) * size, *OBSERVATION_SHAPE), np.uint8)
        padded[:count] = observations
        stages = self.stages()
        cuts = [] if stages is None else [stages.cut_of(steering) for steering in steerings]

        def run(start: int) -> None:
            check_given_up()
            batch = padded[start : start + size]
            used = min(size, count - start)
            rows = self._separate(batch, steerings) if stages is None else self._shared(batch, stages, cuts)
            result[:, start : start + used] = rows[:, :used]

        starts = range(0, count, size)
        if self._threads == 1 or stages is None or any(cut.rest.changes() for cut in cuts):
            for start in starts:
                run(start)
        else:
            with one_torch_thread(), worker_threads(self._threads) as pool:
                for _ in pool.map(run, starts):
                    pass
        return result

    def stages(self) -> Stages | None:
        """The policy's stages if its forward pass can be cut as it is now, else None."""
        if not is_cuttable(self.policy):
            return None
        if self._stages is None or not self._is_copy:  # the caller may have replaced a part of their own
            self._stages = Stages(self.policy)
        return self._stages

    def _separate(self, batch: NDArray[np.uint8], steerings: Sequence[Intervention]) -> NDArray[np.floating[Any]]:
        rows = []
        for steering in steerings:
            with applying(steering, self.policy) as application:
                found = self.policy.action_probabilities(batch)  # type: ignore[operator]
            application.check_reached()
            rows.append(check_shape(found, len(batch), self.policy))
        return np.stack(rows)

    def _shared(self, batch: NDArray[np.uint8], stages: Stages, cuts: Sequence[Cut]) -> NDArray[np.float32]:
        rows = np.empty((len(cuts), len(batch), ACTIONS), np.float32)
        with torch.inference_mode():
            inputs = [stages.policy.input_of(batch)]
            for number in range(max((cut.stage for cut in cuts), default=0)):
                inputs.append(stages.run(inputs[-1], number, number + 1))
            for row, cut in zip(rows, cuts, strict=True):
                x = inputs[cut.stage]
                if cut.change is not None:
                    x = cut.change(x)
                with cut.rest.applied_to(stages.policy):
                    row[:] = probabilities_of(stages.logits(x, cut.stage))
        return rows
