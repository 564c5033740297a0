"""The log of a run, in Markdown."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib import metadata

from .run import Report

_VERSIONS = ("numpy", "torch", "safetensors", "stable-baselines3", "procgen", "procgen-mirror")
_ROWS = 30


def versions() -> str:
    """What the run was made with."""
    found = [f"Python {platform.python_version()}"]
    for name in _VERSIONS:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def write(reports: Iterable[Report], command: str, seed: int) -> str:
    """The whole log."""
    done = list(reports)
    lines = [
        "# Fuzzing",
        "",
        f"Written by `{command}`: {versions()}, seed {seed}. Every input depends on the seed, the target and its index",
        "alone; `python -m fuzzing --seed SEED --first INDEX --count 1 TARGET` feeds one of them again.",
        "",
        "| target | inputs | accepted | refused | past length and header | findings | inputs per second | minutes |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(_summary(report) for report in done),
        "",
    ]
    for report in done:
        lines += _section(report)
    return "\n".join(lines).rstrip() + "\n"


def _summary(report: Report) -> str:
    refused = report.count - report.accepted
    past = f"{report.past_header / max(report.count, 1):.0%}" if report.target.header else "–"
    return (
        f"| {report.target.name} | {report.count:,} | {report.accepted:,} | {refused:,} | {past} | "
        f"{report.finding_count} | {report.count / max(report.seconds, 1e-9):,.0f} | {report.seconds / 60:.1f} |"
    )


def _section(report: Report) -> list[str]:
    lines = [f"## {report.target.name}", "", report.target.what, ""]
    if report.finding_count:
        lines += [f"**{report.finding_count} findings**, of which the first:", ""]
        again = f"python -m fuzzing --seed {report.seed} --count 1 --first"
        for outcome in report.findings:
            lines.append(f"- {_cell(outcome.finding or '')}: `{again} {outcome.index} {report.target.name}`")
        lines.append("")
    if report.checks:
        lines += ["| refused by the check | times |", "| --- | ---: |"]
        lines += [f"| {_cell(check)} | {times:,} |" for check, times in report.checks.most_common(_ROWS)]
        rest = report.checks.most_common()[_ROWS:]
        if rest:
            lines.append(f"| {len(rest)} more messages | {sum(times for _, times in rest):,} |")
        lines.append("")
    return lines


def _cell(text: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in text).replace("|", "\\|").replace("<", "&lt;")
