"""The exact method against sampling, many conditions against one, and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from evaluation import Results, evaluate, sweep
from evaluation.measuring.conditions import USUAL_CONDITIONS
from evaluation.measuring.shared_forward import one_torch_thread
from steered_env import load_policy
from steered_env.policy import to_input
from steered_env.steering import DEFAULT_LAYER

from .peak_memory import peak_mebibytes
from .timing import Row, in_turn, seconds

LEVELS = range(100)
_MORE_ERROR = 1.05
_SHARE_BATCH = 64


def rows() -> Iterator[Row]:
    """The exact method against running every state, conditions one by one, and sampling; and its memory."""
    yield _states_that_matter("small", range(24))
    yield _states_that_matter("full", range(12), rounds=1)
    yield _five_conditions_against_one()
    yield _sweep_against_one_by_one()
    yield _exact_against_sampled()
    yield _memory()


def _exact_against_sampled() -> Row:
    """A table by both methods, at the same standard error."""
    policy, found = load_policy(), list[Results]()
    exact = seconds(lambda: found.append(evaluate(policy, LEVELS, USUAL_CONDITIONS)))
    episodes = _episodes_needed(found[0])
    sampled = seconds(lambda: evaluate(policy, LEVELS, USUAL_CONDITIONS, method="sampled", episodes=episodes))
    return Row(
        f"{len(LEVELS)} levels × {len(USUAL_CONDITIONS)} conditions, exact, 2 workers",
        f"{exact:.1f} s",
        f"sampled, {episodes} episode{'s' * (episodes > 1)} of each: enough for a standard error of the mean at most "
        f"5 % above that of the levels alone; the network runs once on every different observation: {sampled:.1f} s",
        f"{sampled / exact:.1f}",
        "–",
    )


def _states_that_matter(name: str, levels: range, *, rounds: int = 3) -> Row:
    policy, conditions = load_policy(name), len(USUAL_CONDITIONS)
    usual, every = in_turn(
        lambda: evaluate(policy, levels, USUAL_CONDITIONS, workers=1, chunk=len(levels)),
        lambda: evaluate(policy, levels, USUAL_CONDITIONS, workers=1, chunk=len(levels), tolerance=0),
        rounds=rounds,
        warmup=0,
    )
    return Row(
        f"exact, policy `{name}`, {len(levels)} levels, 1 worker, levels per second ({conditions} conditions)",
        f"{len(levels) / usual:.2f}",
        f"the network in every state (`tolerance=0`): {len(levels) / every:.2f}",
        f"{every / usual:.2f}",
        "the aim: 3",
    )


def _sweep_against_one_by_one() -> Row:
    """What 20 coefficients of one vector cost together and one by one."""
    policy, levels = load_policy(), range(8)
    coefficients = [step / 2 for step in range(-10, 10)]
    together, alone = in_turn(
        lambda: sweep(policy, levels, coefficients=coefficients),
        lambda: sweep(policy, levels, coefficients=[1]),
        rounds=3,
    )
    apart = alone * len(coefficients)
    return Row(
        "a sweep of 20 coefficients, 8 levels",
        f"{together:.2f} s",
        f"20 times one coefficient alone: {apart:.2f} s",
        f"{together / apart:.2f}",
        "the aim: 0.33",
    )


def _episodes_needed(results: Results) -> int:
    """Episodes per maze after which sampling adds at most 5 % to the standard error of any mean rate.

    With rates p over levels the variance of their mean is var(p)/n, and sampling E episodes adds
    mean(p(1 − p))/(E·n).
    """
    needed = [1.0]
    for _, rows in results.frame.groupby("condition"):
        for measure in ("reach_cheese", "reach_top_right"):
            rates = rows[measure].dropna()
            if rates.var() > 0:
                needed.append(float((rates * (1 - rates)).mean() / rates.var() / (_MORE_ERROR**2 - 1)))
    return int(np.ceil(max(needed)))


def _five_conditions_against_one() -> Row:
    """Five conditions cost less than five times one, since they share the layers before the steered one."""
    policy = load_policy()
    levels = range(24)
    one, five = in_turn(
        lambda: evaluate(policy, levels, USUAL_CONDITIONS[:1], tolerance=0),
        lambda: evaluate(policy, levels, USUAL_CONDITIONS, tolerance=0),
        rounds=3,
    )
    share = _share_before_layer()
    limit = share + 5 * (1 - share)
    return Row(
        "five conditions against one, in every state (`tolerance=0`)",
        f"{five / one:.2f} times the time of one",
        "run one by one: 5",
        f"{five / one:.2f}",
        f"{limit:.2f} for the network alone ({share:.0%} of its time lies before the layer); drawing and solving "
        "are shared as well",
    )


def _share_before_layer() -> float:
    """The share of a forward pass that lies before the default layer, its own stage included."""
    policy = load_policy()
    stages = [policy.get_submodule(name) for name in policy.stages]
    cut = policy.stages.index(DEFAULT_LAYER.removesuffix(".resadd")) + 1
    observations = np.random.default_rng(0).integers(0, 256, (_SHARE_BATCH, 64, 64, 3), np.uint8)

    def run(some: list[torch.nn.Module], x: torch.Tensor) -> torch.Tensor:
        for stage in some:
            x = stage(x)
        return x

    with torch.inference_mode(), one_torch_thread():
        x = to_input(observations)
        middle = run(stages[:cut], x)
        parts: list[Callable[[], object]] = [
            lambda: run(stages[:cut], to_input(observations)),
            lambda: run(stages[cut:], middle),
        ]
        before, after = in_turn(*parts, rounds=15, warmup=3)
    return before / (before + after)


def _memory() -> Row:
    """Peak memory of a process that measures few levels, and of one that measures many."""
    few, many = (_peak_mebibytes(count) for count in (20, 200))
    return Row(
        "peak memory, 200 levels",
        f"{many:.0f} MiB",
        f"20 levels: {few:.0f} MiB",
        f"{many / few:.2f}",
        "1 (flat)",
    )


def _peak_mebibytes(levels: int) -> float:
    return peak_mebibytes(
        "from evaluation import evaluate\nfrom steered_env import load_policy\n"
        f"evaluate(load_policy(), range({levels}))\nprint(peak())"
    )
