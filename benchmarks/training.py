"""Training against the bare network, and what making the examples costs."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path

import torch

from steered_env.training import Progress
from steered_env.training.examples import TrainingExamples
from steered_env.training.imitation import TrainingConfig, train
from steered_env.training.imitation.learner import Learner
from steered_env.training.memory import keep_freed_memory
from steered_env.training.precision import has_fast_bfloat16

from .timing import Row, in_turn, seconds

_WIDTHS = (1, 4)
_BATCHES = {1: 60, 4: 12}
_ENDLESS = 10**7
_CPU = torch.device("cpu")


def rows() -> list[Row]:
    """Examples per second of `train`, of the bare forward and backward pass, and of making them, for each width."""
    keep_freed_memory()
    return [_row(width) for width in _WIDTHS]


def _row(width: int) -> Row:
    batches = _BATCHES[width]
    config = TrainingConfig(width=width, examples=_ENDLESS, bfloat16=has_fast_bfloat16(_CPU))
    series = TrainingExamples(
        seed=config.seed,
        batch_size=config.batch_size,
        per_level=config.examples_per_level,
        cheese_region=config.cheese_region,
    )
    learner = Learner(config).train()
    optimizer = torch.optim.Adam(learner.parameters())
    one = series[0]

    def bare() -> None:
        for _ in range(batches):
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(learner.losses(one, _CPU).total)
            torch.nn.utils.clip_grad_norm_(learner.parameters(), config.clip)
            optimizer.step()

    rates: list[float] = []
    bare_s, _ = in_turn(bare, lambda: rates.append(_training_rate(config, batches)), rounds=3)
    made_s = seconds(lambda: [series[number] for number in range(1, 9)]) / 8
    limit, rate = batches * config.batch_size / bare_s, sorted(rates)[len(rates) // 2]
    making = config.batch_size / made_s
    return Row(
        f"training at width {width}, examples per second",
        f"{rate:,.0f}",
        f"the bare forward and backward pass on all cores: {limit:,.0f}; making examples, on one core: {making:,.0f}",
        f"{rate / limit:.2f}",
        f"{1 / (1 + limit / making / torch.get_num_threads()):.2f} (making them takes cores from the network)",
    )


class _EnoughError(Exception):
    pass


def _training_rate(config: TrainingConfig, batches: int) -> float:
    """Examples per second of a run, after its first two batches."""
    moments: list[tuple[float, int]] = []

    def note(progress: Progress) -> None:
        moments.append((time.perf_counter(), progress.done))
        if len(moments) > batches:
            raise _EnoughError

    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(_EnoughError):
        train(config, Path(folder), workers=1, on_progress=note)
    (begin, before), (end, after) = moments[1], moments[-1]
    return (after - before) / (end - begin)
