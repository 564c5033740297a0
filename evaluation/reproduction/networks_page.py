"""The page of claims over several networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation.results import write_text

from .page import all_of, check_text, counted, drawing_of, template_of, worst_first

if TYPE_CHECKING:
    from .network_numbers import Number, OverNetworks

_TEMPLATE = "networks.html.jinja"
_ORIGIN = ("date", "machine", "version", "commit")
_UNMEASURED = "does not apply"


def write_networks_page(folder: Path, claims: Sequence[OverNetworks], description: Mapping[str, str]) -> Path:
    """Write ``index.html`` and ``summary.csv``; both are whole or not there.

    Args:
        folder: Folder of the run.
        claims: The claims.
        description: Networks, command and levels of the run.
    """
    write_text(folder / "summary.csv", networks_frame(claims).to_csv(index=False))
    stored = [finding for claim in claims for finding in claim.findings.values()]
    sections = [_section(claim) for claim in claims]
    text = template_of(_TEMPLATE).render(
        description=description,
        counts=counted(_verdict(claim) for claim in claims),
        sections=sections,
        worst_first=worst_first(sections),
        origin={name: all_of(finding.origin[name] for finding in stored) for name in _ORIGIN},
    )
    write_text(folder / "index.html", text)
    return folder / "index.html"


def networks_frame(claims: Sequence[OverNetworks]) -> pd.DataFrame:
    """One row for each number of each claim over networks, and one for each network's own."""
    rows = []
    for over in claims:
        for number in over.numbers:
            checks = {"all": number.check, **number.by_network}
            for name, check in checks.items():
                mean, low, high = check.interval
                rows.append(
                    {
                        "number": over.claim.number,
                        "claim": over.claim.name,
                        "check": check.what,
                        "must be": check.range,
                        "network": name,
                        "mean": mean,
                        "low": low,
                        "high": high,
                        "outcome": check.outcome.value,
                    }
                )
    return pd.DataFrame(rows)


def _verdict(over: OverNetworks) -> str:
    return _UNMEASURED if over.verdict is None else over.verdict.value


def _section(over: OverNetworks) -> dict[str, Any]:
    verdict = _verdict(over)
    return {
        "claim": over.claim,
        "verdict": verdict,
        "kind": verdict.replace(" ", "-"),
        "holding": over.holding,
        "networks": len(over.findings),
        "numbers": [_number(number) for number in over.numbers],
        "columns": list(over.findings),
        "own": [
            {"what": number.check.what, "cells": [_own(number, name) for name in over.findings]}
            for number in over.numbers
        ],
        "problems": [f"{name}: {stored.summary}" for name, stored in over.findings.items() if stored.problem],
    }


def _own(number: Number, name: str) -> dict[str, str]:
    check = number.by_network.get(name)
    return {"text": "–", "kind": "open"} if check is None else {"text": check_text(check), "kind": check.outcome.value}


def _number(number: Number) -> dict[str, Any]:
    means = [check.interval.mean for check in number.by_network.values()]
    return {
        "what": number.check.what,
        "range": number.check.range,
        "text": check_text(number.check),
        "outcome": number.check.outcome.value,
        "spread": " to ".join(f"{round(mean, 2) + 0.0:.2f}" for mean in (min(means), max(means))),
        "between": f"{number.between_networks:.2f}",
        "mazes": f"±{number.over_mazes:.2f}",
        "in_range": f"{number.in_range} of {len(means)}",
        "drawing": drawing_of(number.check, means),
    }
