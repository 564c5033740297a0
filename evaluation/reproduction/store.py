"""Findings on disk: each in a folder that is there whole or not at all."""

from __future__ import annotations

import json
import math
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.results import Interval
from evaluation.views import save_figure

from .finding import Finding, Illustration
from .verdict import Check

_FINDING = "finding.json"
_FIGURE_SUFFIXES = (".png", ".svg")


@dataclass(frozen=True)
class Stored(Finding):
    """A finding on disk, or the reason why there is none: then it has no checks, and its summary says why.

    Attributes:
        problem: ``"does not apply"`` or ``"failed"``; empty for a finding.
        seconds: Wall-clock time of the measurement.
        origin: When, on what machine, and by which version, commit and code it was measured.
    """

    problem: str = ""
    seconds: float = 0.0
    origin: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict_text(self) -> str:
        """The verdict, or why there is none."""
        return self.problem or self.verdict.value


def save(run: Path, name: str, stored: Stored) -> None:
    """Write a finding with its tables and illustrations into ``claims/NAME`` of a run's folder."""
    with _new_folder(run / "claims" / name) as folder:
        tables, illustrations = [], []
        for number, (title, frame) in enumerate(stored.tables.items(), 1):
            file = f"table-{number}.csv"
            frame.to_csv(folder / file, index=False)
            tables.append({"title": title, "file": file})
        for illustration in stored.illustrations:
            illustrations.append({"files": _write_files(folder, illustration), "caption": illustration.caption})
        plain = {
            "checks": [_check_to_plain(check) for check in stored.checks],
            "summary": stored.summary,
            "tables": tables,
            "pictures": illustrations,
            "problem": stored.problem,
            "seconds": round(stored.seconds, 1),
            "made": dict(stored.origin),
        }
        (folder / _FINDING).write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


def load(run: Path, name: str) -> Stored | None:
    """Read what was saved of a claim; None if nothing was, or it cannot be read."""
    folder = run / "claims" / name
    if not (folder / _FINDING).is_file():
        return None
    try:
        return _read(folder)
    except (ValueError, LookupError, TypeError, OSError):  # damaged, or of an older format: it is measured again
        return None


def _read(folder: Path) -> Stored:
    plain = json.loads((folder / _FINDING).read_text(encoding="utf-8"))
    return Stored(
        checks=[_check_from_plain(check) for check in plain["checks"]],
        summary=plain["summary"],
        tables={
            table["title"]: pd.read_csv(folder / table["file"], dtype=str, keep_default_na=False)
            for table in plain["tables"]
        },
        illustrations=[
            Illustration(Path(entry["files"][0]).stem, entry["caption"], folder / entry["files"][0])
            for entry in plain["pictures"]
        ],
        problem=plain.get("problem", ""),
        seconds=plain["seconds"],
        origin=plain["made"],
    )


def _write_files(folder: Path, illustration: Illustration) -> list[str]:
    """Write an illustration's files, and name them."""
    if isinstance(illustration.content, Path):
        file = f"{illustration.name}{illustration.content.suffix}"
        shutil.copyfile(illustration.content, folder / file)
        return [file]
    files = [f"{illustration.name}{suffix}" for suffix in _FIGURE_SUFFIXES]
    save_figure(illustration.content, *(folder / file for file in files))
    return files


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill; it takes the place of ``target`` only when all of it is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary, before = (target.with_name(f".{target.name}-{secrets.token_hex(4)}") for _ in range(2))
    temporary.mkdir()
    try:
        yield temporary
        if target.exists():
            target.rename(before)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if before.exists():
        _keep_what_is_of_others(before, target)


def _keep_what_is_of_others(before: Path, target: Path) -> None:
    """Move all that a finding did not write itself into the folder of its new version, and remove the rest."""
    own = _own_files(before)
    for path in before.iterdir():
        if path.name not in own and not (target / path.name).exists():
            path.rename(target / path.name)
    shutil.rmtree(before)


def _own_files(folder: Path) -> set[str]:
    """The names of the files that a finding wrote; none if that cannot be read."""
    try:
        plain = json.loads((folder / _FINDING).read_text(encoding="utf-8"))
        illustrations = [file for entry in plain["pictures"] for file in entry["files"]]
        return {_FINDING, *illustrations, *(table["file"] for table in plain["tables"])}
    except (ValueError, LookupError, TypeError, OSError):
        return set()


def _check_to_plain(check: Check) -> dict[str, Any]:
    numbers = {"mean": check.interval.mean, "low": check.interval.low, "high": check.interval.high}
    ends = {"least": check.least, "most": check.most}
    return {"what": check.what, **{name: _finite(value) for name, value in {**numbers, **ends}.items()}}


def _check_from_plain(plain: dict[str, Any]) -> Check:
    mean, low, high = (math.nan if plain[name] is None else plain[name] for name in ("mean", "low", "high"))
    least = -math.inf if plain["least"] is None else plain["least"]
    most = math.inf if plain["most"] is None else plain["most"]
    return Check(plain["what"], Interval(mean, low, high), least, most)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
