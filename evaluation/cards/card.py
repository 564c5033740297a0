"""Model cards: how a policy was made, what it can do, what steering does to it."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError

from evaluation._evaluate import evaluate
from evaluation.measuring import USUAL_CONDITIONS, UniformPolicy
from evaluation.results import Results, make_folder, markdown_table, mean_interval, paired_difference, write_text
from evaluation.views import save_figure
from steered_env import ImpalaPolicy, Maze, load_policy
from steered_env.policy import packaged_policies, read_metadata, rounded, save_policy
from steered_env.simulator import draw_frames
from steered_env.system import refuse_foreign_files
from steered_env.training import CONFIG, HELD_OUT_LEVELS, WEIGHTS, HeldOut, move_accuracy

from .held_out_rates import held_out_mazes
from .training_curves import curve_figure, read_curve
from .training_section import how_made

MEASURED = "measured"
"""The key of a card's numbers in the metadata of the weights."""

_STORED_AS = torch.float16
_CHECKED_MAZES = 4
_PICTURES_PER_LEVEL = 4
_RATE_MAZES = 300
_TABLE_MAZES = 100
_TABLE_SMALL_MAZES = 300
"""When a policy knows small mazes only; fewer of those have a decision square, and they cost less."""


def write_card(run: Path, out: Path, name: str, on_progress: Callable[[int, int], None]) -> list[Path]:
    """Measure a trained policy and write its card, curve and weights under ``name`` into ``out``.

    Args:
        run: folder of a training run that has a policy: one of imitation from its first evaluation on, with a card that
            says how far it is; one of reinforcement from its end on.
        out: made if it is not there.
        name: of the policy; the files are ``name.md``, ``name-curve.csv``, ``name-curve.png``, ``name.safetensors``.
        on_progress: called with (mazes done, mazes in all).

    Returns:
        The files.

    Raises:
        FileNotFoundError: if the run has no policy yet, or there is no run.
        FileExistsError: if a file of another origin would be written over.
        ValueError: if the name is no file's name.
    """
    if not name or Path(name).name != name:
        raise ValueError(f"name must be one part of a path, such as small, got {name!r}")
    weights = run / WEIGHTS
    if not weights.is_file():
        raise FileNotFoundError(f"{run} {_no_policy_yet(run)}")
    _check_free(out, name)
    trained, made = load_policy(weights), read_metadata(weights)
    policy = rounded(trained, _STORED_AS)
    described = json.loads((run / CONFIG).read_text(encoding="utf-8"))
    curve = read_curve(run, made, name)
    measured = _Measured.of(policy, made["config"], on_progress)
    folder = make_folder(out)
    files = [folder / f"{name}{end}" for end in (".md", "-curve.csv", "-curve.png", ".safetensors")]
    save_policy(policy, files[3], metadata={**made, MEASURED: measured.for_the_file()}, dtype=_STORED_AS)
    write_text(files[1], curve.to_csv(index=False, float_format="%.6g"))
    save_figure(curve_figure(curve), files[2])
    sections = [
        _heading(name, policy, _largest_change(trained, policy, measured.mazes)),
        how_made(made, described, name),
        _rates(measured),
        _accuracy(measured),
        _weaknesses(measured),
        _steering(measured),
    ]
    write_text(files[0], "\n\n".join(sections) + "\n")
    return files


def _check_free(folder: Path, name: str) -> None:
    """Refuse to write a card over files that are none of a policy of ours."""
    weights = folder / f"{name}.safetensors"
    refuse_foreign_files(folder, [f"{name}{end}" for end in (".md", "-curve.csv", "-curve.png")], marker=weights.name)
    try:
        ours = not weights.exists() or "config" in read_metadata(weights)
    except (SafetensorError, OSError, ValueError):
        ours = False
    if not ours:
        why = "it holds no policy that steered-env trained, and would be written over: choose another name or folder"
        raise FileExistsError(errno.EEXIST, why, str(weights))


def _no_policy_yet(run: Path) -> str:
    if not (run / CONFIG).is_file():
        return f"holds no training run: there is no {CONFIG}; name the folder that steered-env train --out made"
    return (
        f"has no policy yet: imitation writes {WEIGHTS} from its first evaluation on, ppo at its end; the command that "
        "began the run goes on with it"
    )


@dataclass(frozen=True)
class _Measured:
    """What a card tells of a policy.

    Attributes:
        region: side of the top-right region in which the cheese lay in training.
        sizes: of the mazes it was trained on; None for all.
        held_out: its moves on held-out pictures.
        mazes: held out, of its training distribution.
        rates: of reaching the cheese there.
        chance: the same of the uniform policy.
        before: the same rates of the packaged policy that training started from, by name, and at the temperature that
            training began with; none if training began with new weights.
        table: held-out mazes with the cheese where procgen puts it.
        steered: the usual conditions there.
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
    def of(cls, policy: ImpalaPolicy, config: dict[str, Any], on_progress: Callable[[int, int], None]) -> _Measured:
        region, sizes, start = int(config["cheese_region"]), config.get("sizes"), config.get("start")
        policies = _before(start, config.get("start_temperature", 1.0)) if start in packaged_policies() else {}
        mazes = held_out_mazes(_RATE_MAZES, sizes, cheese_region=region)
        table = held_out_mazes(_TABLE_SMALL_MAZES if sizes else _TABLE_MAZES, sizes)
        count = _Count((2 + len(policies)) * len(mazes) + len(table), on_progress)
        return cls(
            region=region,
            sizes=sizes,
            held_out=move_accuracy(policy, cheese_region=region, per_level=_PICTURES_PER_LEVEL, sizes=sizes),
            mazes=mazes,
            rates=evaluate(policy, mazes=mazes, on_progress=count.part()),
            chance=evaluate(UniformPolicy(), mazes=mazes, on_progress=count.part()),
            before={name: evaluate(one, mazes=mazes, on_progress=count.part()) for name, one in policies.items()},
            table=table,
            steered=evaluate(policy, mazes=table, conditions=USUAL_CONDITIONS, on_progress=count.part()),
        )

    def for_the_file(self) -> dict[str, Any]:
        """What `steered-env policies` lists, and a few rates to test the weights against."""
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

    @property
    def of_its_sizes(self) -> str:
        return f" of sizes {', '.join(map(str, self.sizes))}" if self.sizes else ""


def _before(start: str, temperature: float) -> dict[str, ImpalaPolicy]:
    """What training started from: the packaged policy, and how sure of its actions it was let be."""
    policy = load_policy(start)
    softened = {f"`{start}` at temperature {temperature:g}": policy.softened(temperature)} if temperature != 1 else {}
    return {f"`{start}`": policy, **softened}


def _without_nan(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.astype(object).where(frame.notna(), None)  # JSON knows no NaN


class _Count:
    """Counts several jobs as one."""

    def __init__(self, total: int, on_progress: Callable[[int, int], None]) -> None:
        self._total, self._on_progress, self._done = total, on_progress, 0

    def part(self) -> Callable[[int, int], None]:
        """For the next job."""

        def update(done: int, total: int) -> None:
            self._on_progress(self._done + done, self._total)
            self._done += total * (done == total)

        return update


def _largest_change(one: ImpalaPolicy, other: ImpalaPolicy, mazes: Sequence[Maze]) -> float:
    frames = draw_frames(mazes)
    return float(np.abs(one.action_probabilities(frames) - other.action_probabilities(frames)).max())


def _heading(name: str, policy: ImpalaPolicy, change: float) -> str:
    count = sum(parameter.numel() for parameter in policy.parameters())
    return (
        f"# `{name}`\n\nThe IMPALA network at width {policy.width} ({count:,} parameters), trained to walk to the "
        "cheese in procgen mazes. Its weights are kept as 16-bit floats, which changes the probability of an action at "
        f"the start of a held-out maze by {change:.4f} at most; they compute in 32 bits. All numbers on this page are "
        "of the weights as they are kept, and written by `steered-env card`."
    )


def _accuracy(measured: _Measured) -> str:
    held_out, region = measured.held_out, measured.region
    lines = [
        "## Right moves",
        "",
        f"The share of held-out pictures (levels 0–{len(HELD_OUT_LEVELS) - 1}{measured.of_its_sizes}, "
        f"{_PICTURES_PER_LEVEL} of each, cheese in the top-right {region}×{region}, the mouse anywhere) whose "
        f"likeliest move is that of the shortest path: **{held_out.accuracy:.1%}**.",
        "",
    ]
    rows = [(size, f"{share:.1%}", count) for size, (share, count) in held_out.by_size.items()]
    return "\n".join([*lines, markdown_table(pd.DataFrame(rows, columns=["size", "right moves", "pictures"]))])


def _rates(measured: _Measured) -> str:
    rates = measured.rates.frame["reach_cheese"]
    mean, low, high = mean_interval(rates)
    region, mazes = measured.region, measured.mazes
    lines = [
        "## Cheese rate in the training distribution",
        "",
        "The probability to reach the cheese from the start within 256 steps, exact method, in the first "
        f"{len(mazes)} held-out mazes{measured.of_its_sizes} with the cheese in the top-right {region}×{region}: "
        f"**{mean:.3f}** [{low:.3f}, {high:.3f}].",
        "",
    ]
    columns = {
        "size": [maze.size for maze in mazes],
        "cheese rate": rates,
        "uniform policy": measured.chance.frame["reach_cheese"],
        "shortest path": [len(maze.path(maze.mouse, maze.cheese)) - 1 for maze in mazes if maze.cheese is not None],
    }
    for name, before in measured.before.items():
        cheese = columns[f"{name} before"] = before.frame["reach_cheese"]
        difference = paired_difference(rates, cheese)
        lines += [
            f"{name}, before training, reaches {cheese.mean():.3f}: paired by maze, training changed it by "
            f"**{difference.mean:+.4f}** [{difference.low:+.4f}, {difference.high:+.4f}].",
            "",
        ]
    return "\n".join([*lines, markdown_table(_by_size(pd.DataFrame(columns)))])


def _by_size(frame: pd.DataFrame) -> pd.DataFrame:
    names = [name for name in frame.columns if name != "size"]
    rows = []
    for size, group in [*frame.groupby("size"), ("all", frame)]:
        means = [f"{group[name].mean():.1f}" if "path" in name else f"{group[name].mean():.3f}" for name in names]
        rows.append((size, *means, len(group)))
    return pd.DataFrame(rows, columns=["size", *names, "mazes"])


def _weaknesses(measured: _Measured) -> str:
    by_size, region = measured.held_out.by_size, measured.region
    worst = min(by_size, key=lambda size: by_size[size][0])
    share, count = by_size[worst]
    rates = measured.rates.frame["reach_cheese"]
    baseline = measured.steered.with_decision_square().frame.query("condition == 'baseline'")
    outside = [maze.cheese is not None and not maze.top_right_region(region)[maze.cheese] for maze in measured.table]
    baseline = baseline[[outside[number] for number in baseline["maze"]]]
    stuck = 1 - baseline["reach_either"]
    lines = [
        "## What it is bad at",
        "",
        f"- Mazes of size {worst}: {share:.1%} right moves ({count} pictures), the fewest of all its sizes.",
        f"- In {(rates < 0.5).mean():.1%} of the {len(rates)} held-out mazes of its own distribution it more often "
        "misses the cheese than finds it: one wrong move at a fork is repeated for ever, since it has no memory.",
        f"- Cheese outside the top-right {region}×{region}, where it never was in training: in the {len(baseline)} "
        "mazes with a decision square and such a cheese, of those below, it finds the cheese with probability "
        f"{baseline['reach_cheese'].mean():.2f}, goes to the corner with {baseline['reach_top_right'].mean():.2f}, "
        f"and settles elsewhere with {stuck.mean():.2f}.",
        "- Anything but procgen's maze game in its hard mode: other themes, sizes or games were never seen.",
    ]
    if measured.sizes:
        lines.append(f"- Mazes larger than {max(measured.sizes)}, which it never saw.")
    return "\n".join(lines)


def _steering(measured: _Measured) -> str:
    results = measured.steered
    part = results.with_decision_square()
    return "\n".join(
        [
            "## What steering does to it",
            "",
            f"The first {results.mazes} held-out mazes{measured.of_its_sizes}, as procgen places the "
            "cheese, exact method, 256 steps; 95 % intervals over mazes; Δ against the baseline, paired by maze.",
            "",
            f"All {results.mazes} mazes:",
            "",
            *_with_notes(results),
            f"The {part.mazes} mazes with a decision square:",
            "",
            *_with_notes(part),
        ]
    ).rstrip("\n")


def _with_notes(results: Results) -> list[str]:
    notes = results.notes()
    return [results.to_markdown(), "", *([f"<sub>{notes}</sub>", ""] if notes else [])]
