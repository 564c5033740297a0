"""The measurements of a policy that its model card reports."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from evaluation._evaluate import evaluate
from evaluation.measuring import USUAL_CONDITIONS, UniformPolicy
from evaluation.results import Results, mean_interval
from steered_env import ImpalaPolicy, Maze, load_policy
from steered_env.policy import packaged_policies
from steered_env.training import HeldOut, held_out_mazes, move_accuracy

MEASURED = "measured"
"""The key of a card's numbers in the metadata of the weights."""

EXAMPLES_PER_LEVEL = 4
_CHECKED_MAZES = 4
_RATE_MAZES = 300
_TABLE_MAZES = 100
_TABLE_SMALL_MAZES = 300
"""When a policy knows small mazes only; fewer of those have a decision square, and they cost less."""


@dataclass(frozen=True)
class Measurements:
    """The measurements of a policy that its card reports.

    Attributes:
        region: Side of the top-right region in which the cheese lay in training.
        sizes: Sizes of the mazes it was trained on; None for all.
        held_out: Its moves on held-out examples.
        mazes: Held-out mazes of its training distribution.
        rates: Its results in `mazes`.
        chance: Those of the uniform policy.
        before: Those of the packaged policy that training started from, by name, and at the temperature that
            training began with; none if training began with new weights.
        table: Held-out mazes with the cheese where procgen puts it.
        steered: Its results in `table` under the usual conditions.
    """

    region: int
    sizes: Collection[int] | None
    held_out: HeldOut
    mazes: list[Maze]
    rates: Results
    chance: Results
    before: dict[str, Results]
    table: list[Maze]
    steered: Results

    @classmethod
    def of(cls, policy: ImpalaPolicy, config: dict[str, Any], on_progress: Callable[[int, int], None]) -> Measurements:
        """Measure a policy that was trained with these settings."""
        region, sizes, start_name = int(config["cheese_region"]), config.get("sizes"), config.get("start")
        temperature = config.get("start_temperature", 1.0)
        policies = _before(start_name, temperature) if start_name in packaged_policies() else {}
        mazes = held_out_mazes(_RATE_MAZES, sizes, cheese_region=region)
        table = held_out_mazes(_TABLE_SMALL_MAZES if sizes else _TABLE_MAZES, sizes)
        count = _JointProgress((2 + len(policies)) * len(mazes) + len(table), on_progress)
        return cls(
            region=region,
            sizes=sizes,
            held_out=move_accuracy(policy, cheese_region=region, per_level=EXAMPLES_PER_LEVEL, sizes=sizes),
            mazes=mazes,
            rates=evaluate(policy, mazes=mazes, on_progress=count.part()),
            chance=evaluate(UniformPolicy(), mazes=mazes, on_progress=count.part()),
            before={name: evaluate(start, mazes=mazes, on_progress=count.part()) for name, start in policies.items()},
            table=table,
            steered=evaluate(policy, mazes=table, conditions=USUAL_CONDITIONS, on_progress=count.part()),
        )

    def summary(self) -> dict[str, Any]:
        """Return what `steered-env policies` lists, and a few rates to test the weights against."""
        measures = ["reach_cheese", "reach_top_right"]
        few = self.steered.frame.loc[self.steered.frame["maze"] < _CHECKED_MAZES, ["level", "condition", *measures]]
        effects = self.steered.with_decision_square().summary().set_index("condition")
        effects = effects[["levels", *measures, *(f"{measure}_difference" for measure in measures)]]
        return {
            "sizes": self.sizes,
            "cheese_region": self.region,
            "move_accuracy": self.held_out.accuracy,
            "cheese_rate": list(mean_interval(self.rates.frame["reach_cheese"])),
            "effects": _without_nan(effects).to_dict("index"),
            "rates": _without_nan(few).values.tolist(),
        }

    def weaknesses(self) -> dict[str, float]:
        """The numbers of what the policy is bad at."""
        size, (accuracy, examples) = min(self.held_out.by_size.items(), key=lambda item: item[1][0])
        baseline = self.steered.with_decision_square().frame.query("condition == 'baseline'")
        outside = [
            maze.cheese is not None and not maze.top_right_region(self.region)[maze.cheese] for maze in self.table
        ]
        baseline = baseline[[outside[number] for number in baseline["maze"]]]
        return {
            "size": size,
            "accuracy": accuracy,
            "examples": examples,
            "rather_missed": (self.rates.frame["reach_cheese"] < 0.5).mean(),
            "outside": len(baseline),
            "finds": baseline["reach_cheese"].mean(),
            "goes_to_corner": baseline["reach_top_right"].mean(),
            "settles_elsewhere": (1 - baseline["reach_either"]).mean(),
        }

    @property
    def of_its_sizes(self) -> str:
        """The sizes in words, to follow "mazes"; empty for all."""
        return f" of sizes {', '.join(map(str, self.sizes))}" if self.sizes else ""


def _before(start: str, temperature: float) -> dict[str, ImpalaPolicy]:
    """Load the policy that training started from, as packaged and at the temperature that training began with."""
    policy = load_policy(start)
    softened = {f"`{start}` at temperature {temperature:g}": policy.softened(temperature)} if temperature != 1 else {}
    return {f"`{start}`": policy, **softened}


def _without_nan(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).where(frame.notna(), None)  # JSON knows no NaN


class _JointProgress:
    """Reports several jobs as one."""

    def __init__(self, total: int, on_progress: Callable[[int, int], None]) -> None:
        self._total, self._on_progress, self._done = total, on_progress, 0

    def part(self) -> Callable[[int, int], None]:
        """Return the progress callback of the next job."""

        def update(done: int, total: int) -> None:
            self._on_progress(self._done + done, self._total)
            self._done += total * (done == total)

        return update
