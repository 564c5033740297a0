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

    from evaluation.reproduction import Claim, Networks, Reproduction

_LEVELS = "0:100"
_EACH = 20
_out, _err = terminal(), terminal(stderr=True)


def reproduce(
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="A packaged policy, or a path: .safetensors, .pth or .zip; small by default. Several, or a pattern of "
            "packaged ones such as 'small-5*', are measured as networks that were trained alike, on one page."
        ),
    ] = None,
    levels: Annotated[
        str | None,
        typer.Option(
            help=f"Which mazes: 0:100 (the end not included), or 3,8,12. {_LEVELS}, or sixteen if quick; several "
            f"networks share them out, {_EACH} for each by default."
        ),
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
    if list_claims:
        _list()
        return
    names = None if claims is None else [name.strip() for name in claims.split(",") if name.strip()]
    policies = policy or ["small"]
    if len(policies) == 1 and "*" not in policies[0]:
        _one(policies[0], levels, names, out, quick=quick, device=device, workers=workers)
    elif quick:
        raise typer.BadParameter("a first look is at one network: leave --quick out, or name one --policy")
    else:
        _several(policies, levels, names, out, device=device, workers=workers)


def _list() -> None:
    from evaluation.reproduction import all_claims

    for claim in all_claims():
        _out.print(f"{claim.name}: {claim.title}", highlight=False, soft_wrap=True)


def _one(
    policy: str,
    levels: str | None,
    claims: list[str] | None,
    out: Path | None,
    *,
    quick: bool,
    device: str,
    workers: int | None,
) -> None:
    from evaluation.measuring import FIRST_LOOK_LEVELS
    from evaluation.reproduction import chosen_claims
    from evaluation.reproduction import reproduce as measure

    from .progress_bars import sharing

    folder = out or Path("results") / (f"reproduce-{Path(policy).stem}" + ("-quick" if quick else ""))
    wanted = FIRST_LOOK_LEVELS if quick and levels is None else parse_levels(levels or _LEVELS)
    if quick:
        _announce(chosen_claims(claims, quick=True), len(wanted))
    with sharing(_err, "measuring claims") as update:
        reproduction = measure(
            policy,
            wanted,
            claims=claims,
            out=folder,
            quick=quick,
            device=device,
            workers=workers,
            on_step=lambda step: update(step.share, step.what),
        )
    _print(reproduction)


def _several(
    policies: list[str],
    levels: str | None,
    claims: list[str] | None,
    out: Path | None,
    *,
    device: str,
    workers: int | None,
) -> None:
    from evaluation.reproduction import named_policies, reproduce_networks

    from .progress_bars import sharing
    from .terminal_table import print_frame

    found = named_policies(policies)
    with sharing(_err, "measuring claims") as update:
        networks = reproduce_networks(
            policies,
            parse_levels(levels) if levels else range(_EACH * len(found)),
            claims=claims,
            out=out or Path("results") / "reproduce-networks",
            device=device,
            workers=workers,
            on_step=lambda step: update(step.share, step.what),
        )
    print_frame(_out, _over_networks(networks), f"Claims on {len(found)} networks")
    for path in (networks.page, networks.folder / "summary.csv"):
        _out.print(str(path), highlight=False, soft_wrap=True)


def _over_networks(networks: Networks) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "claim": f"{over.claim.number:2d} {over.claim.name}",
                "verdict": over.verdict.value if over.verdict else "does not apply",
                "holds in": f"{over.holding} of {len(over.findings)} networks",
            }
            for over in networks.claims
        ]
    )


def _announce(claims: Sequence[Claim], mazes: int) -> None:
    """Say before measuring which numbers few mazes can decide."""
    _err.print(f"{mazes} mazes decide large effects only, so these numbers alone are judged:", soft_wrap=True)
    for claim in claims:
        judged = "; ".join(claim.quick) or "all of its numbers; with so few mazes expect undecided"
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
