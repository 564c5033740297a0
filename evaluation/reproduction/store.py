"""Findings on disk: each in a folder that is there whole or not at all."""

from __future__ import annotations

import json
import math
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.results import Interval
from evaluation.views import save_figure

from .finding import Finding
from .verdict import Check, Verdict, verdict_of

_FINDING = "finding.json"
_FIGURE_SUFFIXES = (".png", ".svg")


@dataclass(frozen=True)
class Shown:
    """A picture on disk: its files, relative to the run's folder, and its caption."""

    files: tuple[str, ...]
    caption: str


@dataclass(frozen=True)
class Stored:
    """A finding as it was read back, or why there is none.

    Attributes:
        checks: the numbers that decide it; none where it does not apply or failed.
        summary: what came out, or why nothing did.
        tables: title to frame, all as text.
        pictures: the figures and films.
        problem: ``"does not apply"`` or ``"failed"``; empty for a finding.
        seconds: it took.
        made: when, on what machine, and by which version, commit and code it was measured.
    """

    checks: Sequence[Check]
    summary: str
    tables: Mapping[str, pd.DataFrame]
    pictures: Sequence[Shown]
    problem: str
    seconds: float
    made: Mapping[str, str]

    @property
    def verdict(self) -> Verdict | None:
        """From the checks; None where there is no finding."""
        return None if self.problem else verdict_of(self.checks)


def save_finding(run: Path, name: str, finding: Finding, seconds: float, made: Mapping[str, str]) -> None:
    """Write a finding with its tables and pictures into ``claims/NAME`` of a run's folder."""
    with _new_folder(run / "claims" / name) as folder:
        tables, pictures = [], []
        for number, (title, frame) in enumerate(finding.tables.items(), 1):
            file = f"table-{number}.csv"
            frame.to_csv(folder / file, index=False)
            tables.append({"title": title, "file": file})
        for picture in finding.pictures:
            files = []
            if picture.film is not None:
                files = [f"{picture.name}{picture.film.suffix}"]
                shutil.copyfile(picture.film, folder / files[0])
            elif picture.figure is not None:
                files = [f"{picture.name}{suffix}" for suffix in _FIGURE_SUFFIXES]
                for file in files:
                    save_figure(picture.figure, folder / file)
            pictures.append({"files": files, "caption": picture.caption})
        checks = [_check_to_plain(check) for check in finding.checks]
        found = {"checks": checks, "summary": finding.summary, "tables": tables, "pictures": pictures}
        _write(folder, found, seconds, made)


def save_problem(run: Path, name: str, problem: str, message: str, seconds: float, made: Mapping[str, str]) -> None:
    """Note that a claim does not apply, or failed."""
    with _new_folder(run / "claims" / name) as folder:
        found = {"checks": [], "summary": message, "tables": [], "pictures": [], "problem": problem}
        _write(folder, found, seconds, made)


def load_finding(run: Path, name: str) -> Stored | None:
    """What was saved of a claim; None if nothing was, or what is there cannot be read."""
    folder = run / "claims" / name
    if not (folder / _FINDING).is_file():
        return None
    try:
        return _read(run, folder)
    except (ValueError, LookupError, TypeError, OSError):  # damaged, or of an older format: it is measured again
        return None


def _read(run: Path, folder: Path) -> Stored:
    plain = json.loads((folder / _FINDING).read_text(encoding="utf-8"))
    inside = folder.relative_to(run)
    return Stored(
        checks=[_check_from_plain(check) for check in plain["checks"]],
        summary=plain["summary"],
        tables={
            table["title"]: pd.read_csv(folder / table["file"], dtype=str, keep_default_na=False)
            for table in plain["tables"]
        },
        pictures=[
            Shown(tuple(str(inside / file) for file in picture["files"]), picture["caption"])
            for picture in plain["pictures"]
        ],
        problem=plain.get("problem", ""),
        seconds=plain["seconds"],
        made=plain["made"],
    )


def _write(folder: Path, found: dict[str, Any], seconds: float, made: Mapping[str, str]) -> None:
    plain = {**found, "seconds": round(seconds, 1), "made": dict(made)}
    (folder / _FINDING).write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


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
        figures = [file for picture in plain["pictures"] for file in picture["files"]]
        return {_FINDING, *figures, *(table["file"] for table in plain["tables"])}
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
