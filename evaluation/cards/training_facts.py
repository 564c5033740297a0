"""The facts of a policy's training, from its files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from steered_env.provenance import codes_from, commits_of
from steered_env.training import WEIGHTS, PPOConfig, TrainingConfig, settings_of, with_present_names

_OF_THE_MACHINE = ("minutes", "bfloat16")
"""Settings that do not belong to a recipe."""
_ALGORITHMS = {kind.algorithm: kind for kind in (TrainingConfig, PPOConfig)}


@dataclass(frozen=True)
class Stage:
    """One of the runs that made a policy.

    Attributes:
        name: Name of the run's folder, or of the policy.
        config: All its settings, as attributes.
        done: Examples or steps of it.
        seconds: Wall-clock time of training.
        command: The command line that asked for it; None where it was not recorded.
    """

    name: str
    config: SimpleNamespace
    done: int
    seconds: float
    command: str | None

    @property
    def settings(self) -> str:
        """The settings that are not the usual ones."""
        kind = TrainingConfig if hasattr(self.config, TrainingConfig.budget) else PPOConfig
        usual = {field.name: field.default for field in fields(kind)}
        own = {name: value for name, value in vars(self.config).items() if value != usual.get(name)}
        return ", ".join(f"{name}={value}" for name, value in own.items() if name not in _OF_THE_MACHINE)


def training_facts(metadata: Mapping[str, Any], description: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Collect what a card says of a policy's training.

    Args:
        metadata: That of the weights.
        description: The run's ``config.json``.
        name: Name of the policy.
    """
    stages = list(reversed(list(_stages(metadata, name))))
    return {
        "algorithm": metadata.get("algorithm", TrainingConfig.algorithm),
        "name": name,
        "stages": stages,
        "config": stages[-1].config,
        "done": stages[-1].done,
        "commits": commits_of(codes_from(metadata["code"])) if "code" in metadata else None,
        "minutes": sum(stage.seconds for stage in stages) / 60,
        "place": ", ".join(description[key] for key in ("device", "machine") if key in description),
    }


def _stages(metadata: Mapping[str, Any], name: str) -> Iterator[Stage]:
    """The runs that made a policy, the last one first; not those of a packaged policy that it started from."""
    kind = _ALGORITHMS[metadata.get("algorithm", TrainingConfig.algorithm)]
    settings, start = settings_of(metadata["config"], kind), metadata["config"].get("start")
    if start:
        settings["start"] = _without_folders(start)
    command = shlex.join(map(_without_folders, shlex.split(metadata.get("command", ""))))
    yield Stage(
        name,
        SimpleNamespace(**settings),
        with_present_names(metadata)[kind.budget],
        metadata["seconds"],
        command or None,
    )
    if start and Path(start).suffix and metadata["start"].get("algorithm") == PPOConfig.algorithm:
        yield from _stages(metadata["start"], Path(start).parent.name)


def _without_folders(word: str) -> str:
    """A path as a card names it, which is for others, on other machines; any other word as it is."""
    path = Path(word)
    if not path.is_absolute():
        return word
    return f"runs/{path.parent.name}/{path.name}" if path.name == WEIGHTS else path.name
