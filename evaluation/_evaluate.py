"""`evaluate`: levels × conditions to results."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from evaluation.execution import Execution, run_measurement
from evaluation.measuring import (
    TOLERANCE,
    ConditionLike,
    Job,
    Measurement,
    Method,
    PredictOnly,
    Predictor,
    Settings,
    SteeringMaker,
    Subject,
    check_named_levels,
    maze_set,
    read_conditions,
    subject_of,
)
from evaluation.results import Results
from evaluation.storage import BASELINE
from steered_env import Maze, SteeredPolicy, Steering
from steered_env.maze import Edit, check_edits
from steered_env.policy import choose_device
from steered_env.steering import Intervention

HORIZON = 256
EPISODES = 100


def evaluate(
    policy: nn.Module | SteeredPolicy | Predictor | str | os.PathLike[str],
    levels: int | Sequence[int] | None = None,
    conditions: Iterable[ConditionLike] | Mapping[str, Intervention | SteeringMaker] = (BASELINE,),
    *,
    vectors: Mapping[str, Steering] | None = None,
    mazes: Sequence[Maze] | None = None,
    edits: Iterable[Edit] = (),
    method: Method = "exact",
    horizon: int = HORIZON,
    episodes: int | None = None,
    seed: int = 0,
    deterministic: bool = False,
    tolerance: float | None = None,
    device: str = "auto",
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    out: str | os.PathLike[str] | None = None,
    chunk: int | None = None,
    ray: str | None = None,
    replace: bool = False,
    other_code: bool = False,
) -> Results:
    """Measure how often the mouse reaches the cheese and the top right, under several conditions.

    Example:
        >>> from evaluation import evaluate
        >>> from steered_env import load_policy
        >>> results = evaluate(load_policy(), levels=range(2), conditions=["baseline", "-cheese"])
        >>> results.frame[["level", "condition"]].values.tolist()
        [[0, 'baseline'], [0, '-cheese'], [1, 'baseline'], [1, '-cheese']]

    The first group of arguments, to ``device``, is what is measured: all that the numbers depend on. The second
    is how it is run.

    Args:
        policy: An `ImpalaPolicy`, any torch module with ``action_probabilities``, a `SteeredPolicy` (whose
            steering then is part of every condition), a Stable-Baselines3 model or its policy, or the name of a
            packaged policy or a path, as for `load_policy`; any other network through `as_policy`; or, for sampling
            without steering, anything with Stable-Baselines3's ``predict``.
        levels: Mazes as procgen generates them, each level once.
        conditions: Expressions (see ``docs/conditions.md``), or names with a `Steering` or another
            `Intervention`, or with a function ``(policy, maze) -> Intervention``.
        vectors: Vectors of your own, by the words that stand for them in expressions: ``{"mine": steering}``.
        mazes: Mazes of your own, instead of levels, each once; episodes start as they are.
        edits: Edits that are made in every maze before anything else.
        method: ``"exact"``, or ``"sampled"`` to step the simulator.
        horizon: Number of steps within which a place must be reached.
        episodes: Number of episodes of each maze and condition when sampling; defaults to 100.
        seed: Seed of the sampled actions; random vectors have a seed of their own.
        deterministic: Always take the likeliest action instead of drawing one.
        tolerance: The most by which an exact rate may be too low; defaults to 1e-6, and 0 runs the network in every
            state that the mouse can get to. How much it may be is the column ``error_bound``.
        device: Where the network runs: ``"cpu"``, ``"cuda"``, ``"cuda:1"``; ``"auto"`` is the policy's own GPU, or else
            a GPU if there is one, or else the CPU. Rates from a GPU differ from those of a CPU by rounding.
        workers: Number of threads; defaults to one per core.
        on_progress: Called with (mazes done, mazes in all) at the start and after each chunk.
        out: Folder that keeps every chunk of mazes as soon as it is measured. The same call goes on where the
            last one was stopped or killed; Ctrl-C stops it at the next chunk. While it runs no rows are kept in
            memory. Without a folder the rows are kept in memory, and Ctrl-C loses them. See ``docs/scaling.md``.
        chunk: Mazes that are measured, and kept in one file, together; defaults to a size by their number. A continued
            run keeps its own.
        ray: Address of a Ray cluster that does the work, ``"auto"`` for the one of this machine.
        replace: Put this run in the place of a *finished* one with another configuration or code in ``out``.
        other_code: Go on with a run in ``out`` that other code began, or read it if it is finished, instead of
            refusing it. Its manifest then names both, and so does the description of its results.

    Returns:
        The results, in the order of mazes and conditions. A condition whose vector does not exist for a maze
        has no row there.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of range, a level or maze is named twice, a condition cannot be read or names a level
            that has no such vector, or a weight of the policy is not finite; with ``out``, if something has no
            fingerprint to know it by.
        OSError: if a policy is given by name, and there is none.
        RunError: if ``out`` holds a run with another configuration, or one that other code measured, or is in use by
            another process.
        KeyboardInterrupt: if it was stopped; it says what is kept and how to go on.
    """
    if episodes is not None and method == "exact":
        raise ValueError(f'episodes are for method="sampled"; the exact method draws none (got {episodes})')
    if tolerance is not None and method == "sampled":
        raise ValueError(f'tolerance is for method="exact"; sampled rates have intervals instead (got {tolerance})')
    settings = Settings(
        method,
        horizon,
        EPISODES if episodes is None else episodes,
        seed,
        deterministic,
        TOLERANCE if tolerance is None else tolerance,
    )
    checked = read_conditions(conditions, vectors)
    check_named_levels(checked)
    subject = subject_of(policy, checked, settings)
    settings = dataclasses.replace(settings, device=_device(subject, device, on_a_cluster=ray is not None))
    job = Job(subject, checked, check_edits(edits), settings)
    execution = Execution(
        workers, on_progress, None if out is None else Path(out), chunk, ray, replace=replace, other_code=other_code
    )
    return run_measurement(Measurement(job, maze_set(levels, mazes)), execution)


def _device(subject: Subject, name: str, *, on_a_cluster: bool) -> str:
    if isinstance(subject, PredictOnly):
        if name != "auto":
            raise ValueError(f"a policy that has only predict runs where it is; device must be auto, got {name!r}")
        return "cpu"
    if on_a_cluster and name != "auto":  # this machine need not have it
        return str(torch.device(name))
    return str(choose_device(name, subject.module))
