"""The log of a run, in Markdown."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import metadata

import pandas as pd

from evaluation.results import markdown_table

from .run import Report

_VERSIONS = ("numpy", "torch", "safetensors", "stable-baselines3", "procgen-mirror")
_ROWS, _FINDINGS = 30, 50


def write(reports: Iterable[Report], command: str, seed: int) -> str:
    """The whole log."""
    done = list(reports)
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _VERSIONS)
    parts = [
        "# Fuzzing",
        f"Written by `{command}`: Python {platform.python_version()}, {versions}, seed {seed}. Every input depends on "
        "the seed, the target and its index alone; one is fed again by `python -m fuzzing --seed SEED --first INDEX "
        "--count 1 TARGET`.",
        markdown_table(pd.DataFrame([_summary(report) for report in done])),
        *(part for report in done for part in _section(report)),
    ]
    return "\n\n".join(parts) + "\n"


def _summary(report: Report) -> dict[str, str]:
    count, accepted = len(report.outcomes), sum(outcome.accepted for outcome in report.outcomes)
    past_header = sum(map(report.target.past_header, report.outcomes)) / max(count, 1)
    return {
        "target": report.target.name,
        "inputs": f"{count:,}",
        "accepted": f"{accepted:,}",
        "refused": f"{count - accepted:,}",
        "past length and header": f"{past_header:.0%}" if report.target.header else "–",
        "findings": str(len(report.findings)),
        "inputs per second": f"{count / max(report.seconds, 1e-9):,.0f}",
        "minutes": f"{report.seconds / 60:.1f}",
    }


def _section(report: Report) -> Iterator[str]:
    yield f"## {report.target.name}"
    yield report.target.what
    if report.findings:
        yield f"**{len(report.findings)} findings**, of which the first:"
        again = f"python -m fuzzing --seed {report.seed} --count 1 --first"
        yield "\n".join(
            f"- {_printable(outcome.finding or '')}: `{again} {outcome.index} {report.target.name}`"
            for outcome in report.findings[:_FINDINGS]
        )
    times = Counter(check for outcome in report.outcomes for check in outcome.checks).most_common()
    if times:
        rest = [(f"{len(times) - _ROWS} more messages", sum(count for _, count in times[_ROWS:]))]
        shown = times[:_ROWS] + rest * (len(times) > _ROWS)
        rows = [{"refused by the check": _printable(check), "times": f"{count:,}"} for check, count in shown]
        yield markdown_table(pd.DataFrame(rows))


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in text).replace("<", "&lt;")
