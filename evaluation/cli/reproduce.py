"""``steered-env reproduce``: its options, its progress, and its summary on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evaluation.results import terminal

from .options import Device
from .parsing import parse_levels

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.reproduction import Claim, Reproduction

_LEVELS = "0:100"
_out, _err = terminal(), terminal(stderr=True)


def reproduce(
    policy: Annotated[str, typer.Option(help="A packaged policy, or a path: .safetensors, .pth or .zip.")] = "small",
    levels: Annotated[
        str | None,
        typer.Option(help=f"Which mazes: 0:100 (the end not included), or 3,8,12. {_LEVELS}, or sixteen if quick."),
    ] = None,
    claims: Annotated[
        str | None, typer.Option(help="Only these, such as baseline,size; defaults to all, or the quick ones.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The run's folder; defaults to results/reproduce-POLICY. One there is continued."),
    ] = None,
    list_claims: Annotated[bool, typer.Option("--list", help="List the claims, and measure nothing.")] = False,
    quick: Annotated[
        bool, typer.Option(help="A first look, in under a minute: 16 mazes, and the claims that so few can decide.")
    ] = False,
    device: Device = "auto",
    workers: Annotated[int | None, typer.Option(help="Threads; defaults to one per core.")] = None,
) -> None:
    """Measure every claim of the post again.

    Each with an interval and a verdict, and a page with figures. An interrupted run goes on where it was.
    """
    from evaluation.measuring import FIRST_LOOK_LEVELS
    from evaluation.reproduction import all_claims, chosen_claims
    from evaluation.reproduction import reproduce as measure

    from .progress_bars import sharing

    if list_claims:
        for claim in all_claims():
            _out.print(f"{claim.name}: {claim.title}", highlight=False, soft_wrap=True)
        return
    names = None if claims is None else [name.strip() for name in claims.split(",") if name.strip()]
    folder = out or Path("results") / (f"reproduce-{Path(policy).stem}" + ("-quick" if quick else ""))
    wanted = FIRST_LOOK_LEVELS if quick and levels is None else parse_levels(levels or _LEVELS)
    if quick:
        _announce(chosen_claims(names, quick=True), len(wanted))
    with sharing(_err, "measuring claims") as update:
        reproduction = measure(
            policy,
            wanted,
            claims=names,
            out=folder,
            quick=quick,
            device=device,
            workers=workers,
            on_step=lambda step: update(step.share, step.what),
        )
    _print(reproduction)


def _announce(claims: Sequence[Claim], mazes: int) -> None:
    """Say before measuring which numbers few mazes can decide."""
    _err.print(f"{mazes} mazes decide large effects only, so these numbers alone are judged:", soft_wrap=True)
    for claim in claims:
        judged = "; ".join(claim.quick) or "all of its numbers, for which so few mazes hardly ever suffice"
        _err.print(f"{claim.name}: {judged}", highlight=False, soft_wrap=True)


def _print(reproduction: Reproduction) -> None:
    from .terminal_table import print_frame

    print_frame(_out, _verdicts(reproduction), "Claims")
    for claim, stored in reproduction.findings.items():
        if stored.problem:
            _out.print(f"{claim.name} {stored.problem}: {stored.summary}", highlight=False)
    for path in (reproduction.page, reproduction.folder / "summary.csv"):
        _out.print(str(path), highlight=False, soft_wrap=True)


def _verdicts(reproduction: Reproduction) -> pd.DataFrame:
    import pandas as pd

    from evaluation.reproduction import Outcome

    rows = []
    for claim, stored in reproduction.findings.items():
        held = sum(check.outcome is Outcome.HOLDS for check in stored.checks)
        rows.append(
            {
                "claim": f"{claim.number:2d} {claim.name}",
                "verdict": stored.verdict_text,
                "checks that hold": f"{held} of {len(stored.checks)}",
                "seconds": f"{stored.seconds:.0f}",
            }
        )
    return pd.DataFrame(rows)
