"""Reinforcement learning with Stable-Baselines3's PPO, resumable after every update.

A module of its own, since importing it imports Stable-Baselines3.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import nn

from steered_env.policy import ImpalaPolicy, load_policy, read_metadata
from steered_env.provenance import Code
from steered_env.sb3 import MazeVecEnv, MovePolicy, copy_into, impala_from, impala_policy_kwargs
from steered_env.simulator import MAX_LEVEL
from steered_env.system import StopRequest, needing, stop_requests
from steered_env.training.examples import FIRST_TRAINING_LEVEL
from steered_env.training.memory import keep_freed_memory
from steered_env.training.run_folder import Progress, RunFolder, TrainingError
from steered_env.training.weight_average import running_average

from .config import PPOConfig
from .log import LOGGED, Episodes, TensorBoardLog
from .reward_shaping import ShapedReward
from .rollouts_on_device import RolloutsOnDevice

with needing("sb3"):
    from stable_baselines3 import PPO
    from stable_baselines3.common.logger import Logger
    from stable_baselines3.common.vec_env import VecMonitor, VecNormalize, VecTransposeImage

TENSORBOARD = "tensorboard"
VALUE_WARMUP_LEARNING_RATE = 2e-3
_BUDGET = ("steps", "minutes")


def train_ppo(
    config: PPOConfig,
    out: Path,
    *,
    device: torch.device | str = "cpu",
    other_code: bool = False,
    evaluate_every: int = 5,
    command: str | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    on_evaluation: Callable[[ImpalaPolicy], dict[str, float]] = lambda _: {},
) -> ImpalaPolicy:
    """Train a policy by reinforcement, or go on with one that was interrupted.

    Writes what `steered_env.training.train` writes, the checkpoint and the curve after every update, the policy at the
    end, and beside them a log for TensorBoard. A run that was interrupted continues after its last update, with the
    same mazes, actions and minibatches as if it had never stopped; a larger budget continues a finished run. Ctrl-C
    and SIGTERM lose no more than the update under way.

    Args:
        config: The recipe.
        out: As for `steered_env.training.train`, as are all others but the next.
        device: Where the network is trained.
        other_code: Go on with a run that other code began.
        evaluate_every: Updates between two calls of ``on_evaluation``, of which the first is before any update.
        command: The command line to be recorded.
        on_progress: Called about once a second.
        on_evaluation: Called with the policy, for further columns of the curve.

    Returns:
        The trained policy, on the CPU.

    Raises:
        FileNotFoundError: if there is no policy to start from.
        TrainingError: as `steered_env.training.train`, or if the policy to start from has another width.
        KeyboardInterrupt: when it was stopped.
    """
    keep_freed_memory()
    place, free = torch.device(device), () if config.anneal else _BUDGET
    folder = RunFolder(out, config, Code.of(train_ppo), command=command, device=place, other_code=other_code, free=free)
    run = _Run(config, folder, place, on_progress)
    try:
        with stop_requests(run.kept) as stop:
            run.to_the_end(stop, evaluate_every, on_evaluation)
        return run.write_policy()
    finally:
        run.close()


class _Run:
    """The state of one training run."""

    def __init__(
        self, config: PPOConfig, folder: RunFolder, device: torch.device, on_progress: Callable[[Progress], None]
    ) -> None:
        self.config, self.folder, self.on_progress = config, folder, on_progress
        self.rows: list[dict[str, float]] = []
        self.updates, self.seconds = 0, 0.0
        saved = folder.checkpoint
        self.mazes = MazeVecEnv(
            config.num_envs,
            range(FIRST_TRAINING_LEVEL, MAX_LEVEL + 1),
            sizes=config.sizes,
            cheese_region=config.cheese_region,
            mouse_anywhere=config.mouse_anywhere,
            time_limit=config.time_limit,
        )
        self.monitor = VecMonitor(self.mazes)
        self.shaping = ShapedReward(self.monitor, config.gamma) if config.shape_rewards else None
        self.rewards = VecNormalize(self.shaping or self.monitor, norm_obs=False, gamma=config.gamma)
        self.model = _model(config, self.rewards, device)
        if config.heads_only:
            self.model.policy.features_extractor.requires_grad_(False)
        if saved is not None:
            self._restore(saved)
        elif config.start is not None:
            self._start_from(config.start, config.start_temperature)
        self.average = running_average(impala_from(self.model), config.average_decay) if config.average_decay else None
        if saved is not None and self.average is not None:
            self.average.load_state_dict(saved["average"])
        self.log = TensorBoardLog(folder.path / TENSORBOARD, self.model.num_timesteps)
        self.model.set_logger(Logger(None, [self.log]))
        if self._finished():
            folder.keep_origin()
        else:
            folder.write_config(config)

    def to_the_end(
        self, stop: StopRequest, evaluate_every: int, on_evaluation: Callable[[ImpalaPolicy], dict[str, float]]
    ) -> None:
        if not self.rows:
            self.rows.append({"steps": 0, "seconds": 0.0, **on_evaluation(self._policy())})
        while not self._finished():
            row = self._update(stop)
            if self._finished() or self.updates % evaluate_every == 0:
                row |= on_evaluation(self._policy())
                self.write_policy()
            self.rows.append(row)
            self.log.write({f"evaluation/{name}": row[name] for name in row if name not in LOGGED}, {}, self._steps)
            self.save()
            if stop.requested:
                raise KeyboardInterrupt
        self.save()

    def write_policy(self) -> ImpalaPolicy:
        """Write the policy so far."""
        policy = self._policy().cpu()
        start = {} if self.config.start is None else {"start": _metadata_or_nothing(self.config.start)}
        self.folder.write_policy(self.config, policy, steps=self._steps, seconds=self.seconds, **start)
        return policy

    def save(self) -> None:
        """Write the checkpoint and the curve."""
        statistics = self.rewards.ret_rms
        state = {
            "updates": self.updates,
            "steps": self._steps,
            "seconds": self.seconds,
            "rows": self.rows,
            "policy": self.model.policy.state_dict(),
            "optimizer": self.model.policy.optimizer.state_dict(),
        }
        if self.average is not None:
            state["average"] = self.average.state_dict()
        if self.updates:
            state |= {
                "episode_starts": np.asarray(self.model._last_episode_starts).tolist(),
                "mazes": self.mazes.envs.snapshot(),
                "returns": self.rewards.returns.tolist(),
                "return_statistics": [float(statistics.mean), float(statistics.var), float(statistics.count)],
                "episode_returns": self.monitor.episode_returns.tolist(),
                "episode_lengths": self.monitor.episode_lengths.tolist(),
            }
        self.folder.write_checkpoint(self.config, state, self.rows)

    def kept(self) -> str:
        """Say what is saved, and how to go on."""
        return f"{self.updates:,} updates are in {self.folder.path}; the same command goes on from here"

    def close(self) -> None:
        self.log.close()
        self.rewards.close()

    def _policy(self) -> ImpalaPolicy:
        """The policy so far: the running average, or the weights as they are."""
        if self.average is None:
            return impala_from(self.model)
        policy = copy.deepcopy(self.average.module)
        assert isinstance(policy, ImpalaPolicy)
        return policy.eval()

    @property
    def _steps(self) -> int:
        return self.model.num_timesteps

    def _finished(self) -> bool:
        steps, minutes = self.config.steps, self.config.minutes
        return (steps is not None and self._steps >= steps) or (minutes is not None and self.seconds >= 60 * minutes)

    def _update(self, stop: StopRequest) -> dict[str, float]:
        """Collect steps and learn from them; return a row of the curve."""
        begun = time.monotonic()
        seed = np.random.SeedSequence([self.config.seed, self.updates]).generate_state(1)[0]
        torch.manual_seed(int(seed))  # of the actions; a run that was resumed draws the same ones
        np.random.seed(seed)  # noqa: NPY002  (Stable-Baselines3 shuffles its minibatches with the global generator)
        episodes = Episodes(stop, self._report)
        warming_up = self.updates < (self.config.value_warmup or 0)
        rate = VALUE_WARMUP_LEARNING_RATE if warming_up else self._learning_rate()
        self.model.lr_schedule = lambda _: rate
        with _value_head_alone(self.model.policy, warming_up):
            # one update; it would log before learning, so that what it learned is logged here instead
            self.model.learn(self.config.steps_per_update, callback=episodes, log_interval=2, reset_num_timesteps=False)
        self.updates += 1
        if self.average is not None:
            self.average.update_parameters(impala_from(self.model))
        self.seconds += time.monotonic() - begun
        for name, value in episodes.summary().items():
            self.model.logger.record(f"rollout/{name}", value)
        self.model.logger.dump(self._steps)
        named = {name.split("/", 1)[1]: value for name, value in self.log.last.items()}
        return {"steps": self._steps, "seconds": round(self.seconds, 1), **{n: named[n] for n in LOGGED if n in named}}

    def _learning_rate(self) -> float:
        config = self.config
        if not config.anneal or config.steps is None:
            return config.learning_rate
        return config.learning_rate * max(0.0, 1 - self._steps / config.steps)

    def _report(self, since: float, steps: int) -> None:
        """Report how far the run is, at the speed of whole updates; learning takes longer than collecting."""
        config, total = self.config, self.config.steps
        rate = self.updates * config.steps_per_update / self.seconds if self.updates else steps / max(since, 1e-9)
        if config.minutes is not None:
            left = max(0.0, 60 * config.minutes - self.seconds - since)
            total = self._steps + round(left * rate) if self.updates else None
        rates = [row["cheese_rate"] for row in self.rows if "cheese_rate" in row]
        self.on_progress(Progress(self._steps, total, rate, "steps", f"cheese rate {rates[-1]:.3f}" if rates else ""))

    def _start_from(self, name: str, temperature: float) -> None:
        policy = load_policy(name)
        if policy.width != self.config.width:
            raise TrainingError(f"{name} has width {policy.width}, not {self.config.width}: say width={policy.width}")
        policy = policy.softened(temperature)
        for parameter in policy.fc_value.parameters() if self.shaping else ():
            nn.init.zeros_(parameter)  # shaped, a policy that is nearly the best has returns of nearly 0
        copy_into(self.model, policy)

    def _restore(self, saved: dict[str, Any]) -> None:
        model = self.model
        model.policy.load_state_dict(saved["policy"])
        model.policy.optimizer.load_state_dict(saved["optimizer"])
        self.updates, self.seconds, self.rows = saved["updates"], saved["seconds"], saved["rows"]
        model.num_timesteps = saved["steps"]
        if not self.updates:
            return
        model._last_obs = VecTransposeImage.transpose_image(self.mazes.envs.restore(saved["mazes"]))
        if self.shaping is not None:
            self.shaping.look()
        model._last_episode_starts = np.array(saved["episode_starts"], np.bool_)
        self.rewards.returns = np.array(saved["returns"])
        statistics = self.rewards.ret_rms
        statistics.mean, statistics.var, statistics.count = saved["return_statistics"]
        self.monitor.episode_returns = np.array(saved["episode_returns"], np.float32)
        self.monitor.episode_lengths = np.array(saved["episode_lengths"], np.int32)


def _metadata_or_nothing(source: str) -> dict[str, Any]:
    """The metadata of a policy to start from; empty if its file has none."""
    try:
        return read_metadata(source)
    except SafetensorError:  # another kind of file
        return {}


def _model(config: PPOConfig, env: VecNormalize, device: torch.device) -> PPO:
    return PPO(
        MovePolicy if config.by_moves else "CnnPolicy",
        env,
        policy_kwargs=impala_policy_kwargs(config.width, bfloat16=config.bfloat16),
        learning_rate=config.learning_rate,
        n_steps=config.n_steps,
        batch_size=config.batch_size,
        n_epochs=config.epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip_range,
        ent_coef=config.entropy,
        vf_coef=config.value_weight,
        max_grad_norm=config.max_grad_norm,
        seed=config.seed,
        device=device,
        rollout_buffer_class=RolloutsOnDevice if device.type == "cuda" else None,
    )


@contextmanager
def _value_head_alone(policy: nn.Module, wanted: bool) -> Iterator[None]:
    """Let only the value head learn, within a ``with`` block."""
    others = [
        parameter
        for name, parameter in policy.named_parameters()
        if wanted and parameter.requires_grad and not name.startswith("value_net")
    ]
    for parameter in others:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad_(True)
