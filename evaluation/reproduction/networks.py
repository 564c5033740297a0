"""Claims measured on several networks that were trained alike: the network is what counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from evaluation.measuring import distinct_levels
from evaluation.results import make_folder, policy_name
from steered_env.policy import load_policy, packaged_policies

from .claims import chosen_claims
from .network_numbers import OverNetworks, over_networks
from .networks_page import write_networks_page
from .run import Reproduction, Step, reproduce


@dataclass(frozen=True)
class Networks:
    """A reproduction on several networks as it was written to its folder.

    Attributes:
        folder: Folder of the run, with a folder for each network.
        claims: The claims, in the order of the page.
        page: Path of the HTML page.
    """

    folder: Path
    claims: Sequence[OverNetworks]
    page: Path


def reproduce_networks(
    policies: Sequence[str],
    levels: Sequence[int] = range(200),
    *,
    claims: Collection[str] | None = None,
    out: str | os.PathLike[str] = "results/reproduce-networks",
    device: str = "auto",
    workers: int | None = None,
    on_step: Callable[[Step], None] = lambda _: None,
) -> Networks:
    """Measure every claim of the post on several networks that were trained alike, and write one page of it.

    Every network is measured on mazes of its own: the levels are dealt in equal blocks. So each network's number is
    independent of the others', and a t interval of their mean covers both the luck of training and that of mazes. Few
    mazes for each suffice, since what counts are the networks. Claims about other networks stay away.

    Writes into ``out``: ``index.html``, ``summary.csv`` and a folder for each network as `reproduce` does. A run that
    was interrupted goes on where it was.

    Args:
        policies: Names of packaged policies, paths, or patterns such as ``small-5*`` of packaged names.
        levels: Levels to measure on, dealt to the networks; what is left over is not used.
        claims: Names of claims; None for all.
        out: Folder of the run; made if it is not there.
        device: Where the networks run, as for `evaluate`.
        workers: Number of threads; defaults to one per core.
        on_step: Called as the work goes on.

    Raises:
        FileNotFoundError: if there is no such policy.
        RuntimeError: if ``out`` holds a run of other networks or levels.
        KeyboardInterrupt: if it was stopped; it says how to go on.
        ValueError: if there are fewer than two networks, one is named twice, or there are fewer levels than networks.
    """
    paths = {policy_name(policy): policy for policy in named_policies(policies)}
    names = list(paths)
    each = len(distinct_levels(levels)) // len(names)
    if not each:
        raise ValueError(f"{len(names)} networks need at least as many levels, got {len(levels)}")
    chosen = [claim for claim in chosen_claims(claims) if not claim.other_policies()]
    if not chosen:
        raise ValueError("these claims are about other networks: name another one")
    for policy in paths.values():  # all of them now, not after an hour of the first
        load_policy(policy)
    folder = make_folder(out)
    measured: dict[str, Reproduction] = {}
    for number, name in enumerate(names):

        def step(part: Step, number: int = number, name: str = name) -> None:
            on_step(Step((number + part.share) / len(names), f"{name}, {part.what}"))

        measured[name] = reproduce(
            paths[name],
            levels[number * each : (number + 1) * each],
            claims=[claim.name for claim in chosen],
            out=folder / name,
            device=device,
            workers=workers,
            member=number,
            on_step=step,
        )
    over = [over_networks(claim, {name: run.findings[claim] for name, run in measured.items()}) for claim in chosen]
    page = write_networks_page(folder, over, _description(policies, names, levels, claims, each))
    return Networks(folder, over, page)


def named_policies(policies: Sequence[str]) -> list[str]:
    """The policies that names, paths and patterns stand for, those of a pattern in the order of their names.

    Raises:
        ValueError: if a pattern fits none, there are fewer than two, or two have one name.
    """
    found: list[str] = []
    for policy in policies:
        if "*" not in policy:
            found.append(policy)
            continue
        fitting = sorted(name for name in packaged_policies() if fnmatchcase(name, policy))
        if not fitting:
            raise ValueError(f"no packaged policy is called {policy}; there are {', '.join(packaged_policies())}")
        found += fitting
    names = [policy_name(policy) for policy in found]
    if len(found) < 2:
        raise ValueError(f"an interval over networks needs at least two, got {', '.join(found) or 'none'}")
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two networks are called {twice[0]}")
    return found


def _description(
    policies: Sequence[str], names: Sequence[str], levels: Sequence[int], claims: Collection[str] | None, each: int
) -> dict[str, str]:
    given = [policy if "*" in policy else policy_name(policy) for policy in policies]
    whole = isinstance(levels, range) and levels.step == 1
    written = f"{levels[0]}:{levels[-1] + 1}" if whole else ",".join(map(str, levels))
    command = " ".join(["steered-env reproduce", *(f"--policy '{p}'" if "*" in p else f"--policy {p}" for p in given)])
    command += f" --levels {written}" + (f" --claims {','.join(claims)}" if claims else "")
    return {
        "names": ", ".join(names),
        "count": str(len(names)),
        "command": command,
        "levels": written,
        "each": str(each),
    }
