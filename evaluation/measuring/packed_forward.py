"""Running one policy in chosen states of several mazes, packed into batches of one shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from steered_env.policy import probabilities_of
from steered_env.steering import Intervention
from steered_env.system import check_given_up

from .chain import Chain
from .cuts import Cut, Stages

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class BatchSizes:
    """The fixed sizes of batches.

    Attributes:
        plain: Rows of each batch before the first steered stage.
        rest: Rows of each batch after it.
        mazes: Mazes that are explored together, whose frontiers fill the batches.
    """

    plain: int
    rest: int
    mazes: int


ON_CPU = BatchSizes(plain=8, rest=16, mazes=16)
"""Before the first steered stage larger batches are hardly faster, and waste more."""
ON_GPU = BatchSizes(plain=256, rest=512, mazes=64)
"""Chosen without having one."""


class PlainActivations:
    """Activations of the unsteered network in states of one maze, kept for all conditions.

    Args:
        chain: the maze.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self._kept: dict[int, Tensor] = {}
        self._computed: dict[int, NDArray[np.bool_]] = {}

    def missing(self, stage: int, states: NDArray[np.intp]) -> NDArray[np.intp]:
        """Select those of the states, each once, whose input of a stage is not computed yet."""
        distinct = np.unique(states)
        return distinct[~self._computed[stage][distinct]] if stage in self._computed else distinct

    def keep(self, stage: int, states: NDArray[np.intp], activations: Tensor) -> None:
        """Keep the inputs ``(N, …)`` of a stage in N states."""
        if stage not in self._kept:
            shape = (self.chain.states, *activations.shape[1:])
            self._kept[stage] = torch.empty(  # memory that is never written to is never taken
                shape, dtype=activations.dtype, device=activations.device, memory_format=_format_of(activations)
            )
            self._computed[stage] = np.zeros(self.chain.states, np.bool_)
        self._kept[stage][torch.from_numpy(states)] = activations
        self._computed[stage][states] = True

    def at(self, stage: int, states: NDArray[np.intp]) -> Tensor:
        """The inputs ``(N, …)`` of a stage in N states."""
        kept = self._kept[stage]
        return _in_format_of(kept, kept[torch.from_numpy(states)])


@dataclass(frozen=True)
class Request:
    """A request to run the policy in some states of a maze under one condition.

    Attributes:
        maze: The maze's activations.
        cut: Where the condition's pass leaves the plain one.
        states: ``(N,)`` numbers of states.
        ahead: Gives at most so many other states that may be asked for next.
        learn: Called with some of the states, and perhaps some ahead, and what the policy would do there.
    """

    maze: PlainActivations
    cut: Cut
    states: NDArray[np.intp]
    ahead: Callable[[int], NDArray[np.intp]]
    learn: Callable[[NDArray[np.intp], NDArray[np.float32]], None]


class PackedForward:
    """Runs a policy in states of several mazes under several conditions.

    The stages before the first steered one run once in each state, and only the rest once per condition. Batches are
    filled with whatever is asked for; every batch has the same shape, and what a row gives does not depend on the
    others.

    Args:
        stages: Those of the policy.

    Attributes:
        sizes: The sizes of its batches.
    """

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self.sizes = ON_CPU if stages.device.type == "cpu" else ON_GPU

    def cuts(self, steerings: Sequence[Intervention]) -> list[Cut | None]:
        """Find where the pass of each steering leaves the plain one; None for one that needs a pass of its own.

        A steering of one layer can be packed with others, one that needs hooks cannot.
        """
        found = [self._stages.cut_of(steering) for steering in steerings]
        cuts = [None if cut.rest.changes() else cut for cut in found]
        last = max((cut.stage for cut in cuts if cut is not None and cut.change is not None), default=0)
        return [cut and (cut if cut.change is not None else replace(cut, stage=last)) for cut in cuts]

    def answer(self, requests: Sequence[Request]) -> None:
        """Answer as many requests as fill whole batches, the last one in part.

        Where they do not fill one, all are answered, and states ahead fill it.

        Args:
            requests: states of mazes under conditions that can be packed.
        """
        chosen = _filling_batches(requests, self.sizes.rest)
        for request, probabilities in zip(chosen, self.probabilities(chosen), strict=True):
            request.learn(request.states, probabilities)

    def probabilities(self, requests: Sequence[Request]) -> list[NDArray[np.float32]]:
        """Compute action probabilities, unchecked.

        Args:
            requests: states of mazes under conditions that can be packed.

        Returns:
            For each request ``(N, 15)`` float32.
        """
        with torch.inference_mode():
            self._compute_plain(requests)
            rows: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(requests)
            for stage in sorted({request.cut.stage for request in requests}):
                numbers = [number for number, request in enumerate(requests) if request.cut.stage == stage]
                inputs = [_input_of(requests[number]) for number in numbers]
                outputs = in_batches(_joined(inputs), self.sizes.rest, partial(self._stages.logits, first=stage))
                parts = np.split(probabilities_of(outputs), np.cumsum([len(part) for part in inputs])[:-1])
                for number, part in zip(numbers, parts, strict=True):
                    rows[number] = part
        return rows

    def _compute_plain(self, requests: Sequence[Request]) -> None:
        """Compute every input of a stage that a request needs, from the nearest earlier one that any needs."""
        stages = sorted({request.cut.stage for request in requests})
        needed: dict[int, dict[PlainActivations, NDArray[np.intp]]] = {}
        later: dict[PlainActivations, NDArray[np.intp]] = {}
        for stage in reversed(stages):
            wanted: dict[PlainActivations, list[NDArray[np.intp]]] = {maze: [states] for maze, states in later.items()}
            for request in requests:
                if request.cut.stage == stage:
                    wanted.setdefault(request.maze, []).append(request.states)
            missing = {maze: maze.missing(stage, np.concatenate(states)) for maze, states in wanted.items()}
            later = {maze: states for maze, states in missing.items() if len(states)}
            needed[stage] = later
        if stages:
            needed[stages[0]] = _with_inputs_ahead(stages[0], needed[stages[0]], requests, self.sizes.plain)
        for before, stage in zip([None, *stages], stages, strict=False):
            self._compute_stage(before, stage, needed[stage])

    def _compute_stage(self, before: int | None, stage: int, needed: dict[PlainActivations, NDArray[np.intp]]) -> None:
        if not needed:
            return
        if before is None:
            inputs = [
                self._stages.policy.input_of(maze.chain.observations(states.tolist()))
                for maze, states in needed.items()
            ]
        else:
            inputs = [maze.at(before, states) for maze, states in needed.items()]
        run = partial(self._stages.run, first=before or 0, end=stage)
        outputs = in_batches(_joined(inputs), self.sizes.plain, run)
        for (maze, states), part in zip(
            needed.items(), torch.split(outputs, [len(part) for part in inputs]), strict=True
        ):
            maze.keep(stage, states, part)


def _filling_batches(requests: Sequence[Request], size: int) -> list[Request]:
    chosen: list[Request] = []
    for stage in {request.cut.stage for request in requests}:
        of_stage = [request for request in requests if request.cut.stage == stage]
        left = sum(len(request.states) for request in of_stage) // size * size
        for request in of_stage:
            states = request.states[:left]
            left -= len(states)
            if len(states):
                chosen.append(replace(request, states=states))
    return chosen or _with_states_ahead(requests, size)


def _with_states_ahead(requests: Sequence[Request], size: int) -> list[Request]:
    """Requests that fill no batch, each with some more states, which a batch then has for nothing."""
    more = size - sum(len(request.states) for request in requests)
    shares = [more // len(requests) + (number < more % len(requests)) for number in range(len(requests))]
    return [
        replace(request, states=np.concatenate([request.states, request.ahead(share)]))
        for request, share in zip(requests, shares, strict=True)
    ]


def _with_inputs_ahead(
    stage: int, needed: dict[PlainActivations, NDArray[np.intp]], requests: Sequence[Request], size: int
) -> dict[PlainActivations, NDArray[np.intp]]:
    """States that need the input of a stage, and some more that fill the last batch, which has them for nothing."""
    filled = dict(needed)
    more = -sum(len(states) for states in needed.values()) % size
    for request in requests:
        if not more:
            break
        if request.cut.stage != stage:
            continue
        needed_here = filled.get(request.maze, np.empty(0, np.intp))
        ahead = request.maze.missing(stage, request.ahead(more))
        ahead = ahead[~np.isin(ahead, needed_here)]
        filled[request.maze] = np.concatenate([needed_here, ahead])
        more -= len(ahead)
    return {maze: states for maze, states in filled.items() if len(states)}


def _input_of(request: Request) -> Tensor:
    """The input of the stage where a request's condition begins to differ, changed by it."""
    x = request.maze.at(request.cut.stage, request.states)
    return x if request.cut.change is None else request.cut.change(x)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return _in_format_of(parts[0], torch.cat(list(parts)))


def in_batches(rows: Tensor, size: int, run: Callable[[Tensor], Tensor]) -> Tensor:
    """Run a part of the network on ``(N, …)`` rows in batches of one shape, the last one padded."""
    outputs = []
    for batch in torch.split(rows, size):
        check_given_up()
        if len(batch) < size:
            padded = torch.cat([batch, batch.new_zeros((size - len(batch), *batch.shape[1:]))])
            outputs.append(run(_in_format_of(rows, padded))[: len(batch)])
        else:
            outputs.append(run(_in_format_of(rows, batch)))
    return torch.cat(outputs)


def _format_of(x: Tensor) -> torch.memory_format:
    is_last = x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if is_last else torch.contiguous_format


def _in_format_of(like: Tensor, x: Tensor) -> Tensor:
    """``x`` with its channels last in memory, if those of ``like`` are: bits and speed depend on it."""
    return x.contiguous(memory_format=_format_of(like))
