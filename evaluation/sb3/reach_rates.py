"""A callback that measures reach rates while a model trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from evaluation._evaluate import HORIZON, evaluate
from evaluation.measuring import ConditionLike, SteeringMaker, read_conditions
from evaluation.storage import BASELINE
from steered_env import Maze, Steering
from steered_env.steering import Intervention
from steered_env.system import needing

with needing("sb3"):
    from stable_baselines3.common.callbacks import BaseCallback

_LOGGED = ("reach_cheese", "reach_top_right")


class ReachRatesCallback(BaseCallback):
    """Logs how often the mouse reaches the cheese and the corner, steered and not, while a model trains.

    The rates are exact, so that their curves have no sampling noise, and measuring draws no random number: a model
    trains as it would without the callback. They are logged when training begins, then after every ``every`` steps, as
    ``reach_cheese/CONDITION`` and ``reach_top_right/CONDITION``, which TensorBoard shows as a chart for each condition.

    Example:
        >>> from stable_baselines3 import PPO
        >>> from steered_env.sb3 import MazeVecEnv, impala_policy_kwargs
        >>> env = MazeVecEnv(2, levels=range(1000), sizes=[3])
        >>> model = PPO("CnnPolicy", env, policy_kwargs=impala_policy_kwargs(), n_steps=8, batch_size=16, n_epochs=1)
        >>> rates = ReachRatesCallback(levels=[3, 26], conditions=["baseline", "-cheese"], every=16, horizon=20)
        >>> trained = model.learn(16, callback=rates)
        >>> rates.history[["steps", "condition"]].values.tolist()
        [[0, 'baseline'], [0, '-cheese'], [16, 'baseline'], [16, '-cheese']]

    Args:
        levels: Held-out mazes, as procgen generates them.
        conditions: What to measure, as for `evaluate`; a network of another kind than ours needs its own layer in them:
            ``-cheese(layer="features_extractor.cnn.2")``.
        mazes: Held-out mazes of your own, instead of levels.
        vectors: Vectors of your own, as for `evaluate`.
        every: Steps of all environments together between two measurements.
        horizon: Number of steps within which a place must be reached.
        workers: Number of threads; defaults to one per core.

    Raises:
        ValueError: if ``every`` is below 1, or a condition cannot be read.
    """

    def __init__(
        self,
        levels: int | Sequence[int] | None = None,
        conditions: Iterable[ConditionLike] | Mapping[str, Intervention | SteeringMaker] = (
            BASELINE,
            "-cheese",
            "top_right",
        ),
        *,
        mazes: Sequence[Maze] | None = None,
        vectors: Mapping[str, Steering] | None = None,
        every: int = 10_000,
        horizon: int = HORIZON,
        workers: int | None = None,
    ) -> None:
        super().__init__()
        if every < 1:
            raise ValueError(f"every must be ≥ 1 step, got {every}")
        self.every = every
        self.history = pd.DataFrame()
        """Every measurement so far: ``steps``, then the columns of `Results.summary`, a row for each condition."""
        self._levels, self._mazes, self._horizon, self._workers = levels, mazes, horizon, workers
        self._conditions = read_conditions(conditions, vectors)
        self._next = 0

    def _on_training_start(self) -> None:
        self._next = self.num_timesteps + self.every
        self._measure()

    def _on_step(self) -> bool:
        if self.num_timesteps >= self._next:
            self._next = self.num_timesteps + self.every
            self._measure()
        return True

    def _measure(self) -> None:
        results = evaluate(
            self.model.policy,
            self._levels,
            self._conditions,
            mazes=self._mazes,
            horizon=self._horizon,
            workers=self._workers,
        )
        summary = results.summary()
        summary.insert(0, "steps", self.num_timesteps)
        self.history = pd.concat([self.history, summary], ignore_index=True)
        for _, row in summary.iterrows():
            for measure in _LOGGED:
                self.logger.record(f"{measure}/{row['condition']}", float(row[measure]))
        self.logger.record("time/total_timesteps", self.num_timesteps, exclude="tensorboard")
        self.logger.dump(self.num_timesteps)
