"""The folder of a training run: its files, and whether the run in it is the one that is asked for."""

from __future__ import annotations

import errno
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from steered_env.policy import ImpalaPolicy, load_torch, save_policy
from steered_env.provenance import Code, RunIdentity, codes_from
from steered_env.system import atomic_file, machine, refuse_foreign_files

from .config import RunConfig
from .older_runs import FIRST_ALGORITHM, settings_of

CHECKPOINT = "checkpoint.pt"
CONFIG = "config.json"
"""Name of a run's settings in its folder."""
CURVE = "curve.csv"
"""Name of a run's training curve in its folder."""
WEIGHTS = "policy.safetensors"
"""Name of a run's policy in its folder."""


class TrainingError(RuntimeError):
    """A training run that cannot start or go on; the message says how it can."""


@dataclass(frozen=True)
class Progress:
    """Progress of a run.

    Attributes:
        done: Examples or steps so far.
        total: Examples or steps in all; None until known.
        rate: Examples or steps per second.
        unit: What is counted.
        note: The last measurement, for people; empty before the first.
    """

    done: int
    total: int | None
    rate: float
    unit: str = "examples"
    note: str = ""


class RunFolder:
    """The folder of a training run, claimed for a run that begins or goes on.

    Args:
        path: Made if it is not there.
        config: The settings that are asked for.
        code: The present code.
        command: The command line that asks for them; None in a program.
        device: Where the network is trained.
        other_code: Whether a run that other code began may go on.
        free: Names of settings in which the run that is there may differ.

    Attributes:
        checkpoint: What the run that is there saved last; None where none is.

    Raises:
        FileExistsError: if somebody else's files would be written over.
        TrainingError: if the folder holds a run with other settings, of other code or another algorithm, or a
            damaged checkpoint.
    """

    def __init__(
        self,
        path: Path,
        config: RunConfig,
        code: Code,
        *,
        command: str | None = None,
        device: torch.device,
        other_code: bool = False,
        free: Collection[str] = (),
    ) -> None:
        self.path, self._device, self._algorithm = path, device, config.algorithm
        self._codes: tuple[Code, ...] = (code,)
        self._command = command
        _claim(path)
        self.checkpoint = _read_checkpoint(path, config.algorithm, device) if (path / CHECKPOINT).exists() else None
        if self.checkpoint is not None:
            before, wanted = _identity_of(self.checkpoint, config), RunIdentity(asdict(config), (code,))
            if difference := before.difference(wanted, free=free, other_code=other_code):
                raise TrainingError(f"{path} holds a run with {difference}")
            self._codes = before.continued_by(wanted)
            self._command = command or self.checkpoint.get("command")

    def keep_origin(self) -> None:
        """Name the code and command of the checkpoint alone: the run is finished, nothing of it is made now."""
        assert self.checkpoint is not None
        self._codes, self._command = codes_from(self.checkpoint.get("code", ())), self.checkpoint.get("command")

    def write_config(self, config: RunConfig) -> None:
        """Write the settings, where they are run and by which code and command, as JSON."""
        place = {"device": str(self._device), "machine": machine(), "torch": torch.__version__}
        with atomic_file(self.path / CONFIG) as temporary:
            text = json.dumps({**asdict(config), **place, **self._origin()}, indent=2)
            temporary.write_text(text + "\n", encoding="utf-8")

    def write_checkpoint(self, config: RunConfig, state: Mapping[str, Any], curve: Sequence[Mapping[str, Any]]) -> None:
        """Write a run's state (tensors and plain values) and the points of its curve, each whole or not at all."""
        record = {"algorithm": self._algorithm, "config": asdict(config), **self._origin(), **state}
        with atomic_file(self.path / CHECKPOINT) as temporary:
            torch.save(record, temporary)
        with atomic_file(self.path / CURVE) as temporary:
            pd.DataFrame(curve).to_csv(temporary, index=False, float_format="%.6g")

    def write_policy(self, config: RunConfig, policy: ImpalaPolicy, **facts: Any) -> None:
        """Write the policy so far, with what made it and further facts in its metadata."""
        metadata = {"algorithm": self._algorithm, "config": asdict(config), **facts, **self._origin()}
        save_policy(policy, self.path / WEIGHTS, metadata=metadata)

    def _origin(self) -> dict[str, Any]:
        command = {"command": self._command} if self._command else {}
        return {"code": [code.plain() for code in self._codes], **command}


def _read_checkpoint(folder: Path, algorithm: str, device: torch.device) -> dict[str, Any]:
    path = folder / CHECKPOINT
    try:
        state: dict[str, Any] = load_torch(path, device)
        saved_algorithm = state["algorithm"] if "learner" not in state else state.get("algorithm", FIRST_ALGORITHM)
    except Exception as error:  # a damaged file makes torch's readers raise almost anything
        raise TrainingError(
            f"{path} cannot be read ({str(error)[:100]}): remove it to begin anew, or choose another --out"
        ) from None
    if saved_algorithm != algorithm:
        raise TrainingError(
            f"{folder} holds a run of algorithm {saved_algorithm}, not {algorithm}: choose another --out"
        )
    return state


def _identity_of(checkpoint: Mapping[str, Any], wanted: RunConfig) -> RunIdentity:
    """The identity of a run by its checkpoint.

    A setting that an older version did not know was as `settings_of` has it; one that only that version knew must have
    been without effect: 0, false or none.
    """
    settings = settings_of(checkpoint["config"], type(wanted))
    known = {name: value for name, value in settings.items() if value or hasattr(wanted, name)}
    return RunIdentity(known, codes_from(checkpoint.get("code", ())))


def _claim(folder: Path) -> None:
    """Make a run's folder, and see that nobody else's files are written over in it."""
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
