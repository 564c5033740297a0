"""How a policy was made, for its model card: a table for each algorithm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from steered_env.provenance import codes_from, commits_of
from steered_env.training import WEIGHTS, settings_of
from steered_env.training.imitation import TrainingConfig, recipes
from steered_env.training.ppo import PPOConfig

_NOT_OPTIONS = ("width", "cheese_region", "seed", "steps", "minutes", "start", "sizes", "bfloat16", "value_warmup")
"""Settings of PPO that the command always names, or that are no hyperparameters of it."""
_FREE = ("minutes", "bfloat16")
"""Settings of imitation that belong to a machine, not to a recipe."""
_WHERE = ("device", "machine")
"""What ``config.json`` tells of where the run was; the first ones did not name the machine."""


def how_made(made: Mapping[str, Any], described: Mapping[str, Any], name: str) -> str:
    """The section of a card that says how its policy was made.

    Args:
        made: the metadata of the weights.
        described: the run's ``config.json``.
        name: of the policy.
    """
    config = made["config"]
    rows = _reinforcement(made, name) if made.get("algorithm") == "ppo" else _imitation(config, made, name)
    seconds = sum(stage.seconds for stage in _stages(made, name))
    if "code" in made:
        rows["code"] = commits_of(codes_from(made["code"]))
    rows |= {
        "time": f"{seconds / 60:.0f} minutes on {', '.join(described[key] for key in _WHERE if key in described)}",
        "precision": "bfloat16 matrix products, float32 weights" if config["bfloat16"] else "float32",
        "curve": f"[{name}-curve.csv]({name}-curve.csv)",
    }
    lines = ["## How it was made", "", "| | |", "| --- | --- |"]
    lines += [f"| {key} | {value} |" for key, value in rows.items()]
    return "\n".join([*lines, "", f"![training curve]({name}-curve.png)"])


def _imitation(config: Mapping[str, Any], made: Mapping[str, Any], name: str) -> dict[str, str]:
    values = settings_of(config, TrainingConfig)
    region, done, planned = values["cheese_region"], made["pictures"], values["pictures"]
    heads = "the next move of the shortest path; a second head, dropped after training, learned it for every cell"
    if values["mouse_weight"]:
        heads += ", a third one the mouse's cell and the move there"
    rows = {
        "data": f"{done:,} pictures of levels from 10,000,000 up, drawn by procgen; cheese at random in "
        f"the top-right {region}×{region} cells; mouse half the time on the path "
        "from the start to the cheese, half anywhere",
        "labels": heads,
        "command": f"`{imitation_command(config, name)}`",
    }
    if done < planned:
        rows["how far"] = f"{done:,} of {planned:,} pictures: these are the weights so far"
    elif values["minutes"] and "--recipe" not in rows["command"]:
        rows["to repeat it"] = f"`--pictures {done}` instead of the time budget: the same pictures in the same order"
    return rows | {
        "optimizer": f"Adam, learning rate {values['learning_rate']:g} (linear warm-up, cosine to 0), batch "
        f"{values['batch_size']}, gradient clipped at {values['clip']:g}{_average(values['average_decay'])}",
    }


def _average(decay: float, over: str = "") -> str:
    return f"; a running average of the weights{over}, decay {decay:g}" if decay else ""


def imitation_command(config: Mapping[str, Any], name: str) -> str:
    """The command line that makes a run with this configuration: a recipe's name, or every option that is not usual."""
    values = settings_of(config, TrainingConfig)
    for recipe, known in recipes().items():
        if all(values[option] == value for option, value in asdict(known).items() if option not in _FREE):
            return f"steered-env train --recipe {recipe}"
    budget = f"--minutes {values['minutes']:g}" if values["minutes"] else f"--pictures {values['pictures']}"
    parts = [f"steered-env train --out runs/{name} {budget}"]
    usual = {one.name: one.default for one in fields(TrainingConfig)}
    for option in usual:
        if option not in (*_FREE, "pictures") and values[option] != usual[option]:
            parts.append(f"--{option.replace('_', '-')} {values[option]:g}")
    return " ".join(parts)


def _reinforcement(made: Mapping[str, Any], name: str) -> dict[str, str]:
    stages = list(reversed(list(_stages(made, name))))
    config, first = stages[-1].config, stages[0].config["start"]
    region = config["cheese_region"]
    batch = config["num_envs"] * config["n_steps"] // config["minibatches"]
    warmup, course = config["value_warmup"], "falling to 0" if config["anneal"] else "constant"
    last = ", in the last of these" if len(stages) > 1 else ""
    return {
        "data": f"{', then '.join(map(_data, stages))}; levels from 10,000,000 up; cheese at random in the top-right "
        f"{region}×{region} cells",
        "reward": "10 at the cheese"
        + (", shaped by the distance to it" if config["shape_rewards"] else "")
        + ", divided by the running deviation of the discounted return; nothing else",
        "start": f"the policy `{_without_folders(first)}`" if first else "new weights",
        "command": " then ".join(f"`{ppo_command(stage.config, stage.name, stage.steps)}`" for stage in stages),
        "algorithm": f"Stable-Baselines3's PPO{last}: {config['num_envs']} mazes × {config['n_steps']} steps, "
        f"{config['epochs']} epoch{'s' * (config['epochs'] > 1)} of {config['minibatches']} minibatches of {batch}, "
        f"discount {config['gamma']:g}, GAE λ {config['gae_lambda']:g}, clip {config['clip_range']:g}, "
        f"entropy {config['entropy']:g}, value loss {config['value_weight']:g}",
        "optimizer": f"Adam, learning rate {config['learning_rate']:g}, {course}, gradient clipped at "
        f"{config['max_grad_norm']:g}{_average(config['average_decay'], ' over updates')}"
        + ("; nothing before the two heads was changed" if config["heads_only"] else "")
        + (f"; the first {warmup} updates train the value head alone" if warmup else ""),
    }


@dataclass(frozen=True)
class _Stage:
    """One of the runs that made a policy."""

    name: str
    config: Mapping[str, Any]
    steps: int
    seconds: float


def _stages(made: Mapping[str, Any], name: str) -> Iterator[_Stage]:
    """The runs that made a policy, the last one first; not those of a packaged policy that it started from."""
    kind = PPOConfig if made.get("algorithm") == "ppo" else TrainingConfig
    yield _Stage(name, settings_of(made["config"], kind), made.get("steps", 0), made["seconds"])
    start = made["config"].get("start")
    if start and Path(start).suffix and made["start"].get("algorithm") == "ppo":
        yield from _stages(made["start"], Path(start).parent.name)


def _without_folders(start: str) -> str:
    """A policy to start from as a card names it, which is for others, on other machines."""
    path = Path(start)
    if not path.is_absolute():
        return start
    return f"runs/{path.parent.name}/{path.name}" if path.name == WEIGHTS else path.name


def _data(stage: _Stage) -> str:
    sizes = stage.config["sizes"]
    which = f"of size{'s' * (len(sizes) > 1)} {', '.join(map(str, sizes))}" if sizes else "of all sizes"
    where = ", the mouse anywhere at first" if stage.config["mouse_anywhere"] else ""
    return f"{stage.steps:,} steps in mazes {which}{where}, episodes cut after {stage.config['time_limit']}"


def ppo_command(config: Mapping[str, Any], name: str, steps: int) -> str:
    """The command line that makes a run of so many steps with this configuration."""
    parts = ["steered-env train --algorithm ppo", f"--out runs/{name}"]
    parts.append(f"--steps {config['steps'] if config['anneal'] else steps}")
    if config["start"]:
        parts.append(f"--start {_without_folders(config['start'])}")
        parts.append(f"--value-warmup {config['value_warmup']}")
    if config["sizes"]:
        parts.append(f"--sizes {','.join(map(str, config['sizes']))}")
    parts += [f"--cheese-region {config['cheese_region']}", f"--width {config['width']}", f"--seed {config['seed']}"]
    usual = {one.name: one.default for one in fields(PPOConfig)}
    for option, value in config.items():
        if option not in _NOT_OPTIONS and value != usual[option]:
            written = f"--{option.replace('_', '-')}"
            parts.append(written if value is True else f"{written} {value:g}")
    return " ".join(parts)
