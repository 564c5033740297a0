"""Results of an evaluation: a tidy frame, its summary, and both on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation.storage import BASELINE, Progress, RunFolder, csv_of, read_frame
from steered_env.provenance import codes_described
from steered_env.system import atomic_file, refuse_foreign_files

from .figure_text import policy_name
from .interval import Interval
from .markdown import markdown_table
from .statistics import mean_interval, paired_difference

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUMMARISED = ("reach_cheese", "reach_top_right", "reach_region", "p_cheese_at_decision", "p_top_right_at_decision")

_FRAME, _SUMMARY, _DESCRIPTION = "results.csv", "summary.csv", "evaluation.json"
_TITLES = {
    "reach_cheese": "cheese",
    "reach_top_right": "top right",
    "reach_region": "top-right 5×5",
    "p_cheese_at_decision": "P(to cheese)",
    "p_top_right_at_decision": "P(to top right)",
}
_WHERE, _ELSEWHERE = {"reach_cheese": "that have one"}, "where the cheese lies elsewhere"
"""Which mazes a measure is of, where it is not of all."""


@dataclass(frozen=True)
class Results:
    """Measures of levels under conditions.

    Attributes:
        frame: One row per maze and condition, with the columns `COLUMNS`; ``maze`` numbers the mazes in the
            order they were given.
        description: How the results were made: method, horizon, seed, policy, conditions and number of ``mazes``; and
            by which code: its ``commit``, for people, and the fingerprints of all that measured a run, as ``code``.
        progress: Progress of the run that they were read from; None for results that were never in a run's folder.
    """

    frame: pd.DataFrame
    description: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress | None = None

    @property
    def conditions(self) -> list[str]:
        """The conditions in the order they were given; one whose vector exists in no maze has no rows."""
        return list(dict.fromkeys([*self.description.get("conditions", []), *self.frame["condition"]]))

    @property
    def mazes(self) -> int:
        """Number of mazes measured; for results of version 0.1.0, number of mazes with a row."""
        return int(self.description.get("mazes", self.frame["maze"].nunique()))

    @property
    def heading(self) -> str:
        """The policy and the levels, such as ``"policy small, levels 0:100"``; those that are known."""
        policy = self.description.get("policy_name") or self.description.get("policy")
        levels = sorted({int(level) for level in self.frame["level"].dropna()})
        parts = [f"policy {policy_name(str(policy))}"] if policy else []
        if len(levels) == 1:
            parts.append(f"level {levels[0]}")
        elif levels and levels == list(range(levels[0], levels[-1] + 1)):
            parts.append(f"levels {levels[0]}:{levels[-1] + 1}")
        elif levels:
            parts.append(f"{len(levels)} of the levels {levels[0]} to {levels[-1]}")
        return ", ".join(parts)

    def plot(self) -> Figure:
        """Draw how often the mouse reached the cheese and the top right, by condition, with 95 % intervals.

        Example:
            >>> from evaluation import evaluate
            >>> figure = evaluate("small", range(2), ["baseline", "-cheese"], horizon=8).plot()
            >>> len(figure.axes)
            2
        """
        from .rates_figure import results_figure  # matplotlib takes its time to be imported

        return results_figure(self)

    def with_decision_square(self) -> Results:
        """The rows of mazes in which the ways to cheese and corner part; ``mazes`` counts those of them with a row."""
        frame = self.frame[self.frame["decision_row"].notna()].reset_index(drop=True)
        return replace(self, frame=frame, description={**self.description, "mazes": frame["maze"].nunique()})

    def summary(self) -> pd.DataFrame:
        """One row per condition: means over levels, 95 % intervals, and paired differences to the baseline.

        Returns:
            Columns ``condition``, ``levels`` (with a row of this condition), ``left_out`` (levels where its
            vector does not exist), and for each measure ``X``: ``X``, ``X_low``, ``X_high`` over the ``X_levels``
            that have a number (a cheese in the region, for one, cannot be told from the region), and, where there is a
            baseline, ``X_difference``, ``X_difference_low``, ``X_difference_high`` over ``X_paired`` levels:
            those where both have a number.
        """
        tables = {
            name: rows.set_index("maze")[list(SUMMARISED)] for name, rows in self.frame.groupby("condition", sort=False)
        }
        nothing = self.frame.iloc[:0].set_index("maze")[list(SUMMARISED)]
        rows = []
        for name in self.conditions:
            table = tables.get(name, nothing)
            row: dict[str, Any] = {"condition": name, "levels": len(table), "left_out": self.mazes - len(table)}
            for measure in SUMMARISED:
                row |= _named(measure, mean_interval(table[measure]))
                row[f"{measure}_levels"] = int(table[measure].notna().sum())
                if BASELINE in tables and name != BASELINE:
                    both = table[[measure]].join(tables[BASELINE][measure], rsuffix="_baseline", how="inner")
                    difference = paired_difference(both[measure], both[f"{measure}_baseline"])
                    row |= _named(f"{measure}_difference", difference)
                    row[f"{measure}_paired"] = int(both.notna().all(axis=1).sum())
            rows.append(row)
        return pd.DataFrame(rows)

    def table(self) -> pd.DataFrame:
        """The summary for people: every number with its interval as text.

        Probabilities at the decision square are there only if every maze has one; see `notes` for the number of mazes.
        """
        summary = self.summary()
        columns: dict[str, list[str]] = {"condition": summary["condition"].tolist()}
        columns["levels"] = [str(count) for count in summary["levels"]]
        for measure in self._shown():
            columns[_TITLES[measure]] = [_text(row, measure) for _, row in summary.iterrows()]
        for measure in ("reach_cheese", "reach_top_right"):
            if f"{measure}_difference" in summary:
                columns[f"Δ {_TITLES[measure]}"] = [
                    _text(row, f"{measure}_difference", signed=True) for _, row in summary.iterrows()
                ]
        return pd.DataFrame(columns)

    def to_markdown(self) -> str:
        """The table of `table` in Markdown."""
        return markdown_table(self.table())

    def _repr_markdown_(self) -> str:
        return "\n\n".join(filter(None, [self.heading, self.to_markdown(), self.notes()]))  # how a notebook shows it

    def _shown(self) -> list[str]:
        everywhere = bool(self.frame["decision_row"].notna().all())
        return [measure for measure in SUMMARISED if everywhere or not measure.endswith("_at_decision")]

    def notes(self) -> str:
        """Notes on numbers of the table that stand on fewer than all mazes; empty if none does."""
        rows = self.frame["condition"].value_counts()
        missing = {name: self.mazes - int(rows.get(name, 0)) for name in self.conditions}
        notes = [] if self.progress is None or self.progress.finished else [f"unfinished: {self.progress}"]
        for count in dict.fromkeys(filter(None, missing.values())):
            names = " and ".join(name for name in missing if missing[name] == count)
            notes.append(f"no vector for {names} in {count} of {self.mazes} mazes")
        fullest = self.frame[self.frame["condition"] == min(missing, key=lambda name: missing[name])]
        counts = {measure: int(fullest[measure].notna().sum()) for measure in self._shown()}
        notes += [
            f"{_TITLES[measure]}: in the {count} of {len(fullest)} mazes {_WHERE.get(measure, _ELSEWHERE)}"
            for measure, count in counts.items()
            if count < len(fullest)
        ]
        return "; ".join(notes)

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write ``results.csv``, ``summary.csv`` and ``evaluation.json`` into a folder, each whole.

        Raises:
            NotADirectoryError: if ``folder`` is a file.
            FileExistsError: if ``folder`` holds files of these names that `save` did not write.
            ValueError: if ``folder`` is that of a run with other rows, which `load` would read instead.
        """
        out = make_folder(folder)
        if (run := RunFolder.read(out)) is not None and not run.frame()[0].equals(self.frame):
            raise ValueError(f"{out} holds a run with other rows than these: save them into another folder")
        check_free_to_save(out)
        write_text(out / _DESCRIPTION, json.dumps(dict(self.description), indent=2) + "\n")
        write_text(out / _FRAME, csv_of(self.frame))
        write_text(out / _SUMMARY, csv_of(self.summary()))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Results:
        """Read what `save` wrote, or the folder of a run of ``evaluate(..., out=folder)``, finished or not.

        Of a run, `progress` says how far it is; chunks that are damaged on disk are left out and count as not done.

        Raises:
            FileNotFoundError: if the folder holds no results.
            RunError: if the manifest of a run is damaged.
        """
        out = Path(folder)
        if (run := RunFolder.read(out)) is not None:
            frame, progress = run.frame()
            described = {**run.manifest.description, **codes_described(run.manifest.codes)}
            return cls(frame, {"mazes": progress.done, **described}, progress)
        if not (out / _FRAME).is_file():
            raise FileNotFoundError(f"{out} holds no results: there is no {_FRAME}")
        return cls(read_frame(out / _FRAME), json.loads((out / _DESCRIPTION).read_text(encoding="utf-8")))


def check_folder(folder: str | os.PathLike[str]) -> Path:
    """Make sure that a folder for output is there or can be made, without making it.

    Raises:
        NotADirectoryError: if it, or a parent, is a file.
    """
    out = Path(folder)
    for path in (out, *out.parents):
        if path.exists() and not path.is_dir():
            raise NotADirectoryError(f"{path} is a file: name a folder to write into")
    return out


def make_folder(folder: str | os.PathLike[str]) -> Path:
    """Make a folder for output, with its parents.

    Raises:
        NotADirectoryError: if it, or a parent, is a file.
    """
    out = check_folder(folder)
    out.mkdir(parents=True, exist_ok=True)
    return out


def check_free_to_save(folder: Path, *more: str) -> None:
    """See that `Results.save` would write over nothing in a folder that it did not write.

    Args:
        folder: Folder that is to be written into; need not exist.
        more: Names of further files that are written after the results.

    Raises:
        FileExistsError: if it would.
    """
    refuse_foreign_files(folder, (_FRAME, _SUMMARY, *more), marker=_DESCRIPTION)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _named(measure: str, interval: Interval) -> dict[str, float]:
    return {measure: interval.mean, f"{measure}_low": interval.low, f"{measure}_high": interval.high}


def _text(row: pd.Series[Any], measure: str, *, signed: bool = False) -> str:
    interval = Interval(*(float(row[f"{measure}{end}"]) for end in ("", "_low", "_high")))
    return format(interval, "+" if signed else "")
