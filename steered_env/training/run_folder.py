"""The folder of a training run: what is in it, and going on with what is there."""

from __future__ import annotations

import errno
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from steered_env.policy import load_torch
from steered_env.provenance import Code, code_difference, codes_from
from steered_env.system import first_difference, machine, refuse_foreign_files, whole_file

from .older_runs import FIRST_ALGORITHM, settings_of

CHECKPOINT, CONFIG, CURVE, WEIGHTS = "checkpoint.pt", "config.json", "curve.csv", "policy.safetensors"


class TrainingError(RuntimeError):
    """A training run that cannot start or go on; the message says how it can."""


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        done: pictures or steps so far.
        total: of how many; None until known.
        rate: per second.
        unit: what is counted.
        note: the last measurement, for people; empty before the first.
    """

    done: int
    total: int | None
    rate: float
    unit: str = "pictures"
    note: str = ""


def read_checkpoint(folder: Path, algorithm: str, device: torch.device | str) -> dict[str, Any]:
    """What `write_checkpoint` wrote.

    Raises:
        TrainingError: if the file is damaged, or of another algorithm.
    """
    path = folder / CHECKPOINT
    try:
        state: dict[str, Any] = load_torch(path, device)
        found = state["algorithm"] if "learner" not in state else state.get("algorithm", FIRST_ALGORITHM)
    except Exception as error:  # a damaged file makes torch's readers raise almost anything
        raise TrainingError(
            f"{path} cannot be read ({str(error)[:100]}): remove it to begin anew, or choose another --out"
        ) from None
    if found != algorithm:
        raise TrainingError(f"{folder} holds a run of algorithm {found}, not {algorithm}: choose another --out")
    return state


def write_checkpoint(folder: Path, algorithm: str, state: dict[str, Any]) -> None:
    """Write a run's state, tensors and plain values only, whole or not at all."""
    with whole_file(folder / CHECKPOINT) as temporary:
        torch.save({"algorithm": algorithm, **state}, temporary)


def check_same_config(folder: Path, saved: dict[str, Any], wanted: Any, *, free: Collection[str] = ()) -> None:
    """Hold a configuration against the one that a run was begun with.

    Args:
        folder: of the run.
        saved: its settings; for those that an older version did not know see `settings_of`. One that only that version
            knew must have been without effect: 0, false or none.
        wanted: a dataclass of settings.
        free: names of those that may differ.

    Raises:
        TrainingError: if another value differs; names the first one.
    """
    asked = asdict(wanted)
    before = {name: value for name, value in settings_of(saved, type(wanted)).items() if name in asked or value}
    if difference := first_difference(before, asked, free=free):
        raise TrainingError(
            f"{folder} holds a run with {difference}: choose another --out, or the same configuration to continue it"
        )


def check_same_code(
    folder: Path, saved: Sequence[Mapping[str, Any]], now: Code, *, other_code: bool = False
) -> tuple[Code, ...]:
    """Hold the code that a run was made with against the present one.

    Args:
        folder: of the run.
        saved: the codes in its checkpoint; none if a version wrote it that did not record them.
        now: the present one.
        other_code: whether a run that other code made may go on.

    Returns:
        The codes of the run when it goes on.

    Raises:
        TrainingError: if the present one is not among them, and may not go on; names the commits.
    """
    before = codes_from(saved)
    if not (difference := code_difference(before, now)):
        return before
    if not other_code:
        raise TrainingError(
            f"{folder} holds a run with {difference}: to train anew name another --out or remove the folder; "
            "--other-code accepts it"
        )
    return (*before, now)


def claim_folder(folder: Path) -> None:
    """Make the folder of a run that is about to begin, and see that nobody else's files are written over in it.

    Raises:
        FileExistsError: if it holds a file of somebody else's under the name of one of a run's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    refuse_foreign_files(folder, (CHECKPOINT, CURVE, WEIGHTS), marker=CONFIG)
    path = folder / CONFIG
    if path.exists() and not _is_config(path):
        why = "it is not the configuration of a training run, and would be written over: choose another --out"
        raise FileExistsError(errno.EEXIST, why, str(path))


def _is_config(path: Path) -> bool:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(settings, dict) and settings.keys() >= {"seed", "cheese_region"}


def write_config(folder: Path, config: Any, device: torch.device, codes: Sequence[Code]) -> None:
    """Write a dataclass of settings, where they are run and by which code, as JSON."""
    description = {
        **asdict(config),
        "device": str(device),
        "machine": machine(),
        "torch": torch.__version__,
        "code": [code.plain() for code in codes],
    }
    with whole_file(folder / CONFIG) as temporary:
        temporary.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
