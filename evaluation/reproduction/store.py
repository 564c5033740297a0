"""Findings on disk, each in a folder of its own."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.results import Interval, save_figure, write_text

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
    """Write a finding with its tables and illustrations into ``claims/NAME`` of a run's folder.

    The file that names the others comes last, and goes first when a finding is written anew, so that a finding is
    there whole or not at all.
    """
    folder = run / "claims" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file in _own_files(folder):
        (folder / file).unlink(missing_ok=True)
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
    write_text(folder / _FINDING, json.dumps(plain, indent=2) + "\n")


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


def _own_files(folder: Path) -> list[str]:
    """The names of the files that a finding wrote, the one that names the others first; none if that cannot be read."""
    try:
        plain = json.loads((folder / _FINDING).read_text(encoding="utf-8"))
        illustrations = [file for entry in plain["pictures"] for file in entry["files"]]
        return [_FINDING, *illustrations, *(table["file"] for table in plain["tables"])]
    except (ValueError, LookupError, TypeError, OSError):
        return []


def _check_to_plain(check: Check) -> dict[str, Any]:
    numbers = {**check.interval._asdict(), "least": check.least, "most": check.most}
    return {"what": check.what, **{name: float(n) if math.isfinite(n) else None for name, n in numbers.items()}}


def _check_from_plain(plain: dict[str, Any]) -> Check:
    unknown = {"mean": math.nan, "low": math.nan, "high": math.nan, "least": -math.inf, "most": math.inf}
    mean, low, high, *ends = (n if plain[name] is None else plain[name] for name, n in unknown.items())
    return Check(plain["what"], Interval(mean, low, high), *ends)
