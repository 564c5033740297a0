"""Training by imitation of shortest paths, resumable at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from steered_env.policy import ImpalaPolicy
from steered_env.provenance import Code
from steered_env.system import StopRequest, ignore_interruptions, stop_requests
from steered_env.training.examples import Examples, TrainingExamples
from steered_env.training.held_out import move_accuracy
from steered_env.training.memory import keep_freed_memory
from steered_env.training.older_runs import settings_of, with_later_parts
from steered_env.training.run_folder import Progress, RunFolder
from steered_env.training.weight_average import running_average

from .config import TrainingConfig
from .curve import Curve
from .learner import Learner, Losses, dense_weight, learning_rate

_CALIBRATION_S = 30.0
_CHECKPOINT_EVERY_S = 40.0
_EVALUATIONS = 40
_POINT_EVERY = 25_600


def train(
    config: TrainingConfig,
    out: Path,
    *,
    device: torch.device | str = "cpu",
    other_code: bool = False,
    workers: int = 1,
    command: str | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_evaluation: Callable[[ImpalaPolicy], dict[str, float]] = lambda _: {},
) -> ImpalaPolicy:
    """Train a policy by imitation, or go on with one that was interrupted.

    Writes into ``out``: ``config.json``, ``curve.csv``, ``checkpoint.pt`` (at least every 40 seconds), and
    ``policy.safetensors`` at 40 points along the way and at the end. Called again with the same configuration it
    continues from the checkpoint, with the same examples in the same order. Ctrl-C and SIGTERM stop it after the step
    under way, saved.

    Args:
        config: The recipe. With a time budget, the speed of the warm-up, or of its first half minute, sets the
            number of examples.
        out: The run's folder; made if it is not there.
        device: Where the network is trained.
        other_code: Go on with a run that other code began; its files then name both.
        workers: Processes that draw examples; how many does not change the examples.
        command: The command line that asks for this run, to be recorded in its files.
        on_progress: Called about once a second.
        on_evaluation: Called with the policy along the way, for further columns of the curve.

    Returns:
        The trained policy, on the CPU.

    Raises:
        TrainingError: if ``out`` holds a run with another configuration or of other code, or a damaged checkpoint.
        KeyboardInterrupt: when it was stopped.
    """
    keep_freed_memory()
    place = torch.device(device)
    # a budget of time was turned into examples before
    free = () if config.examples is not None else ("examples",)
    folder = RunFolder(out, config, Code.of(train), command=command, device=place, other_code=other_code, free=free)
    run = _Run(config, folder, place, on_progress, on_evaluation)
    with stop_requests(run.kept) as stop:
        run.to_the_end(workers, stop)
    return run.finished_policy()


class _Run:
    """The state of one training run."""

    def __init__(
        self,
        config: TrainingConfig,
        folder: RunFolder,
        device: torch.device,
        on_progress: Callable[[Progress], None],
        on_evaluation: Callable[[ImpalaPolicy], dict[str, float]],
    ) -> None:
        self.folder, self.device = folder, device
        self.on_progress, self.on_evaluation = on_progress, on_evaluation
        torch.manual_seed(config.seed)
        self.config = config
        self.learner = Learner(config).to(device)  # the policy keeps its channels-last memory
        self.optimizer = torch.optim.Adam(self.learner.parameters(), lr=config.learning_rate)
        self.average = running_average(self.learner.policy, config.average_decay) if config.average_decay else None
        self.curve = Curve()
        self.done, self.saved, self.seconds = 0, 0, 0.0
        self._accuracy: float | None = None
        if folder.checkpoint is not None:
            self._resume(folder.checkpoint)
        if self._finished:
            folder.keep_origin()
        else:
            folder.write_config(self.config)

    def to_the_end(self, workers: int, stop: StopRequest) -> None:
        last_saved = time.monotonic()
        clock = time.monotonic()
        begun, begun_at = clock, self.done
        for examples in self._batches(workers):
            self._step(examples)
            now = time.monotonic()
            self.seconds += now - clock
            clock = now
            rate = (self.done - begun_at) / max(now - begun, 1e-9)
            self._set_budget(rate)
            self._report_point()
            note = "" if self._accuracy is None else f"{self._accuracy:.1%} correct moves"
            self.on_progress(Progress(self.done, self.config.examples, rate, "examples", note))
            if stop.requested:
                self.save()
                raise KeyboardInterrupt
            if now - last_saved > _CHECKPOINT_EVERY_S:
                self.save()
                last_saved = now
            if self._finished:
                break
        self.save()

    def kept(self) -> str:
        """Say what is saved, and how to go on."""
        return f"{self.saved:,} of {self.done:,} examples are in {self.folder.path}; the same command goes on from here"

    @property
    def _finished(self) -> bool:
        return self.config.examples is not None and self.done >= self.config.examples

    @property
    def _policy(self) -> ImpalaPolicy:
        """The policy so far: the running average, or the weights as they are."""
        policy = self.learner.policy if self.average is None else self.average.module
        assert isinstance(policy, ImpalaPolicy)
        return policy.eval()

    def finished_policy(self) -> ImpalaPolicy:
        self._write_policy()
        return self._policy.cpu()

    def _write_policy(self) -> None:
        self.folder.write_policy(self.config, self._policy, examples=self.done, seconds=round(self.seconds, 1))

    def save(self) -> None:
        """Write the checkpoint and the curve."""
        state = {
            "done": self.done,
            "seconds": self.seconds,
            "learner": self.learner.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "curve": self.curve.state(),
        }
        if self.average is not None:
            state["average"] = self.average.state_dict()
        self.folder.write_checkpoint(self.config, state, self.curve.points)
        self.saved = self.done

    def _resume(self, state: dict[str, Any]) -> None:
        self.config = self.learner.config = replace(
            self.config, examples=settings_of(state["config"], TrainingConfig)["examples"]
        )
        learner, optimizer = with_later_parts(state, self.learner)
        self.learner.load_state_dict(learner)
        self.optimizer.load_state_dict(optimizer)
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.done, self.seconds = int(state["done"]), float(state["seconds"])
        self.saved = self.done
        self.curve = Curve(state["curve"])

    def _batches(self, workers: int) -> Iterator[Examples]:
        """Iterate over the batches that are left, drawn ahead in other processes."""
        config = self.config
        if self._finished:
            return iter(())
        dataset = TrainingExamples(
            seed=config.seed,
            batch_size=config.batch_size,
            per_level=config.examples_per_level,
            cheese_region=config.cheese_region,
        )
        first = self.done // config.batch_size
        return iter(
            DataLoader(
                dataset,
                batch_size=None,
                sampler=range(first, 2**40),
                num_workers=workers,
                collate_fn=_unchanged,
                prefetch_factor=8 if workers else None,
                worker_init_fn=ignore_interruptions,
            )
        )

    def _step(self, examples: Examples) -> None:
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(config, self.done)
        self.learner.train()
        weight = dense_weight(config, self.done)
        losses: Losses = self.learner.losses(examples, self.device, dense_weight=weight)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(losses.total)
        torch.nn.utils.clip_grad_norm_(self.learner.parameters(), config.clip)
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.learner.policy)
        self.done += len(examples.observations)
        self.curve.add(losses)

    def _set_budget(self, rate: float) -> None:
        config = self.config
        if config.examples is not None or config.minutes is None:
            return
        budget = config.minutes * 60
        if self.seconds < min(_CALIBRATION_S, budget / 4) and self.done < config.warmup_examples:
            return  # by the end of the warm-up the learning rate depends on the number of examples
        left = max(0.0, budget - self.seconds) * rate
        batches = max(1, round((self.done + left) / config.batch_size))
        self.config = self.learner.config = replace(config, examples=batches * config.batch_size)
        self.folder.write_config(self.config)

    def _report_point(self) -> None:
        """Add a point to the curve when one is due, and evaluate when that is."""
        total = self.config.examples
        if total is None:
            return
        batch = self.config.batch_size
        every = max(batch, total // _EVALUATIONS // batch * batch)
        finished = self.done >= total
        if self.done % every and not finished:
            if self.done % (_POINT_EVERY // batch * batch or batch) == 0:
                self.curve.close_point(self.done, self.seconds, learning_rate(self.config, self.done), {})
            return
        held_out = move_accuracy(self._policy, cheese_region=self.config.cheese_region)
        self._accuracy = held_out.accuracy
        columns = {"move_accuracy": held_out.accuracy, **self.on_evaluation(self._policy)}
        self._write_policy()
        self.curve.close_point(self.done, self.seconds, learning_rate(self.config, self.done), columns)


def _unchanged(batch: Any) -> Any:
    return batch
