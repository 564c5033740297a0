"""`evaluate`: levels × conditions to results."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from evaluation.execution import Workers, code_of, manifest_of, measure_into
from evaluation.measuring import (
    ConditionLike,
    Job,
    Measurer,
    Method,
    Predictor,
    Settings,
    Source,
    SteeringMaker,
    Subject,
    one_torch_thread,
    read_conditions,
)
from evaluation.results import Results, make_folder
from evaluation.storage import BASELINE, frame_of
from steered_env import Maze, SteeredPolicy
from steered_env.maze import Edit, check_edits
from steered_env.provenance import codes_described
from steered_env.steering import Intervention
from steered_env.system import worker_threads

HORIZON = 256
EPISODES = 100
_CHUNK = 4


def evaluate(
    policy: nn.Module | SteeredPolicy | Predictor | str | os.PathLike[str],
    levels: int | Sequence[int] | None = None,
    conditions: Iterable[ConditionLike] | Mapping[str, Intervention | SteeringMaker] = (BASELINE,),
    *,
    mazes: Sequence[Maze] | None = None,
    edits: Iterable[Edit] = (),
    method: Method = "exact",
    horizon: int = HORIZON,
    episodes: int | None = None,
    seed: int = 0,
    deterministic: bool = False,
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

    Args:
        policy: an `ImpalaPolicy`, any torch module with ``action_probabilities``, a `SteeredPolicy` (whose
            steering then is part of every condition), a Stable-Baselines3 model or its policy, or the name of a
            packaged policy or a path, as for `load_policy`; any other network through `as_policy`; or, for sampling
            without steering, anything with Stable-Baselines3's ``predict``.
        levels: which mazes, as procgen generates them, each once.
        conditions: expressions (see `evaluation.measuring.conditions`), or names with a `Steering` or another
            `Intervention`, or with a function ``(policy, maze) -> Intervention``.
        mazes: mazes of your own, instead of levels, each once; episodes start as they are.
        edits: made in every maze before anything else.
        method: ``"exact"``, or ``"sampled"`` to step the simulator.
        horizon: steps within which a place must be reached.
        episodes: of each maze and condition when sampling, 100 unless said.
        seed: of the sampled actions; random vectors have a seed of their own.
        deterministic: always take the likeliest action instead of drawing one.
        workers: threads, one for each core unless said. The numbers do not depend on it.
        on_progress: called with (mazes done, mazes in all) after each chunk.
        out: a folder that keeps every chunk of mazes as soon as it is measured. The same call goes on where the
            last one was stopped or killed; Ctrl-C stops it at the next chunk. While it runs no rows are kept in
            memory. See ``docs/scaling.md``.
        chunk: mazes in each file of ``out``; by their number unless said. A continued run keeps its own.
        ray: address of a Ray cluster that does the work, ``"auto"`` for the one of this machine; needs ``out``.
        replace: put this run in the place of a *finished* one with another configuration or code in ``out``.
        other_code: go on with a run in ``out`` that other code began, or read it if it is finished, instead of
            refusing it. Its manifest then names both, and so does the description of its results.

    Returns:
        The results, in the order of mazes and conditions. A condition whose vector does not exist for a maze
        has no row there.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of range, a level or maze is named twice, a condition cannot be read, or a weight of
            the policy is not finite; with ``out``, if something has no fingerprint to know it by.
        OSError: if a policy is given by name, and there is none.
        RunError: if ``out`` holds a run with another configuration, or one that other code measured, or is in use by
            another process.
        KeyboardInterrupt: if a run in ``out`` was stopped; it says how to go on.
    """
    settings = Settings(method, horizon, EPISODES if episodes is None else episodes, seed, deterministic)
    if episodes is not None and method == "exact":
        raise ValueError(f'episodes are for method="sampled"; the exact method draws none (got {episodes})')
    measured = read_conditions(conditions)
    job = Job(Subject.of(policy, measured, settings), measured, check_edits(edits), settings)
    source = Source.of(levels, mazes)
    if out is not None:
        how = Workers(worker_count(workers), ray)
        wanted = manifest_of(job, source, chunk)
        measure_into(
            make_folder(out), job, source, how, wanted, replace=replace, other_code=other_code, on_progress=on_progress
        )
        return Results.load(out)
    for name, value in (("chunk", chunk), ("ray", ray)):
        if value is not None:
            raise ValueError(f"{name} is for a run in a folder: name one with out (got {name}={value!r})")
    rows: list[dict[str, Any]] = []
    done = 0
    with one_torch_thread(), worker_threads(worker_count(workers)) as pool:
        for some in pool.map(Measurer(job).rows, source.chunks(_CHUNK)):
            rows += some
            done = min(done + _CHUNK, len(source))
            if on_progress is not None:
                on_progress(done, len(source))
    described = {**job.description(), **codes_described([code_of(job)])}
    return Results(frame_of(rows), {**described, "mazes": len(source)})


def worker_count(workers: int | None) -> int:
    """How many threads: those asked for, or one for each core that this process may use.

    Raises:
        ValueError: if fewer than one are asked for.
    """
    if workers is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if workers < 1:
        raise ValueError(f"workers must be ≥ 1, got {workers}")
    return workers
