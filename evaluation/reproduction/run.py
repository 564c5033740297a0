"""`reproduce`: measure claims one after the other into a folder, resumably, and write a page of them."""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
import os
import re
import time
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from evaluation.measuring import distinct_levels
from evaluation.reproduction.claims import all_claims, chosen_claims
from evaluation.results import make_folder, policy_name, write_text
from evaluation.storage import BASELINE, fingerprint
from steered_env import __version__, load_policy
from steered_env.policy import choose_device
from steered_env.provenance import Code, RunIdentity
from steered_env.system import machine, refuse_foreign_files, stopped_at_once

from .claim import Claim
from .drawing import name_policy
from .finding import DoesNotApplyError
from .lab import Lab
from .page import write_page
from .store import Stored, load, save

_RUN = "run.json"
_SHARED_COST = 25.0
FAILED, DOES_NOT_APPLY = "failed", "does not apply"


@dataclass(frozen=True)
class Step:
    """Progress of a reproduction.

    Attributes:
        share: Share of all work that is done, from 0 to 1.
        what: Name of what is being measured.
    """

    share: float
    what: str


@dataclass(frozen=True)
class Reproduction:
    """A reproduction as it was written to its folder.

    Attributes:
        folder: Folder of the run.
        findings: Claim to what is stored of it, in the order of the page.
        page: Path of the HTML page.
    """

    folder: Path
    findings: dict[Claim, Stored]
    page: Path


def reproduce(
    policy: str = "small",
    levels: Sequence[int] = range(100),
    *,
    claims: Collection[str] | None = None,
    out: str | os.PathLike[str] = "results/reproduce",
    quick: bool = False,
    device: str = "auto",
    workers: int | None = None,
    member: int | None = None,
    on_step: Callable[[Step], None] = lambda _: None,
) -> Reproduction:
    """Measure every claim of the post on a policy, with a verdict for each, and write a page of it.

    Writes into ``out``: ``index.html``, which needs no other file; ``summary.csv``; and in ``claims/`` every figure as
    PNG and SVG and every table as CSV. A run that was interrupted goes on where it was. A claim that could not be
    measured, or does not apply, is noted with the reason and is tried again the next time.

    Example:
        >>> import tempfile
        >>> from evaluation.reproduction import reproduce
        >>> folder = tempfile.mkdtemp()
        >>> reproduction = reproduce("small", range(4), claims=["baseline"], quick=True, out=folder)
        >>> [(claim.name, stored.verdict.value) for claim, stored in reproduction.findings.items()]
        [('baseline', 'undecided')]

    Args:
        policy: Name of a packaged policy, or a path.
        levels: Levels to measure on. Claims with needs of their own take others too, and say so.
        claims: Names of claims; None for all, or if ``quick`` for those that few mazes can decide something of.
        out: Folder of the run; made if it is not there.
        quick: Take fewer levels, conditions and films, for a first look.
        device: Where the network runs, as for `evaluate`.
        workers: Number of threads; defaults to one per core.
        member: Number of the network, from 0, where several are measured alike, by `reproduce_networks`.
        on_step: Called as the work goes on.

    Raises:
        FileNotFoundError: if there is no such policy.
        RuntimeError: if ``out`` holds a run of another policy, other levels or another depth.
        KeyboardInterrupt: if it was stopped; it says how to go on.
        ValueError: if a claim is unknown, there are no levels, or one is named twice.
    """
    chosen = chosen_claims(claims, quick=quick)
    levels = distinct_levels(levels)
    runs_on = choose_device(device)
    loaded = load_policy(policy, device=runs_on)
    folder = make_folder(out)
    same = {"policy": policy_name(policy), "weights": fingerprint(loaded), "levels": list(levels), "quick": quick}
    same |= {} if member is None else {"member": member}
    _check_same_run(folder, same if runs_on.type == "cpu" else {**same, "device": str(runs_on)})
    needed = tuple(dict.fromkeys([BASELINE, *(name for claim in chosen for name in claim.conditions)]))
    lab = Lab(loaded, levels, make_folder(folder / "measured"), needed, policy_name(policy), quick, member, workers)
    names = [_file_name(claim) for claim in chosen]

    def kept() -> str:
        findings = [load(folder, name) for name in names]
        count = sum(stored is not None and not stored.problem for stored in findings)
        return (
            f"{count} of {len(chosen)} claims, and the chunks measured for others, are in {folder}; the same command "
            "goes on from here"
        )

    with stopped_at_once(kept, outer=True):
        try:
            findings = _measure_all(lab, chosen, folder, on_step)
            page = write_page(folder, _all_kept(folder, findings), _description(policy, levels, quick, claims))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"stopped: {kept()}") from None
    return Reproduction(folder, findings, page)


def _all_kept(folder: Path, findings: Mapping[Claim, Stored]) -> dict[Claim, Stored]:
    """Add the findings of other claims that were measured before, in the order of the page."""
    loaded = {claim: findings.get(claim) or load(folder, _file_name(claim)) for claim in all_claims()}
    return {claim: stored for claim, stored in loaded.items() if stored is not None} | dict(findings)


def _measure_all(
    lab: Lab, claims: Sequence[Claim], folder: Path, on_step: Callable[[Step], None]
) -> dict[Claim, Stored]:
    shared = any(claim.conditions for claim in claims)
    costs = [_SHARED_COST * shared, *(claim.cost for claim in claims)]
    total, done = sum(costs), 0.0
    todo = [claim for claim in claims if _kept(folder, claim) is None]

    def begin(what: str, cost: float) -> None:
        start = done
        lab.on_progress = lambda share: on_step(Step((start + share * cost) / total, what))
        lab.on_progress(0.0)

    if any(claim.conditions for claim in todo):
        begin("the shared table", costs[0])
        lab.table()
    done += costs[0]
    findings: dict[Claim, Stored] = {}
    for claim in claims:
        begin(claim.name, claim.cost)
        if claim in todo:
            _measure_one(lab, claim, folder)
        stored = load(folder, _file_name(claim))
        assert stored is not None
        findings[claim] = stored
        done += claim.cost
    on_step(Step(1.0, "done"))
    return findings


def _measure_one(lab: Lab, claim: Claim, folder: Path) -> None:
    begun, code = time.monotonic(), _code(claim)
    origin = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "version": __version__,
        "commit": str(code),
        "code": code.fingerprint,
    }

    def keep(stored: Stored) -> None:
        save(folder, _file_name(claim), replace(stored, seconds=time.monotonic() - begun, origin=origin))

    try:
        finding = claim.measure(lab)
        if lab.quick and claim.quick:
            finding = replace(finding, checks=[check for check in finding.checks if check.what in claim.quick])
        if lab.member is not None:  # what counts is the page of all networks, which draws its own
            finding = replace(finding, illustrations=())
        for illustration in finding.illustrations:
            if isinstance(illustration.content, Figure) and not claim.other_policies():  # or it shows several policies
                name_policy(illustration.content, lab.policy_name)
        keep(Stored(**vars(finding)))
    except DoesNotApplyError as reason:
        keep(Stored([], str(reason), problem=DOES_NOT_APPLY))
    except Exception as error:  # one claim's trouble is not the others'
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}, line {where.lineno}"
        keep(Stored([], f"{type(error).__name__}: {_without_folders(str(error))} ({place})", problem=FAILED))


def _without_folders(text: str) -> str:
    """Shorten absolute paths to their last parts: a page is for others, on other machines."""
    text = re.sub(r"(['\"])/[^'\"\n]*/", r"\1", text)  # in quotes as Python prints them, where blanks may be
    for folder in {Path.cwd(), Path.home()}:
        text = text.replace(f"{folder}/", "")
    return re.sub(r"(?<![\w./:])/(?:[^\s/'\"]+/)+", "", text)


def _kept(folder: Path, claim: Claim) -> Stored | None:
    """Load what was found before, if it still answers the same question."""
    stored = load(folder, _file_name(claim))
    return None if stored is None or stored.problem else stored


@functools.cache
def _file_name(claim: Claim) -> str:
    """Name a claim's files; the name changes with all that a finding depends on, so that no older one is taken for it.

    That is how the claim is measured and judged in words, all code that its measuring reaches, and the weights of other
    policies that it reads.
    """
    weights = [_weights(name) for name in claim.other_policies()]
    question = hashlib.sha256("\n".join([claim.method, claim.criterion, _code(claim).fingerprint, *weights]).encode())
    return f"{claim.number:02d}-{claim.name}-{question.hexdigest()[:6]}"


def _code(claim: Claim) -> Code:
    return Code.of(claim.measure, Lab)


@functools.cache
def _weights(policy: str) -> str:
    return fingerprint(load_policy(policy))


def _check_same_run(folder: Path, wanted: dict[str, Any]) -> None:
    path = folder / _RUN
    refuse_foreign_files(folder, ("index.html", "summary.csv", "claims", "measured"), marker=_RUN)
    if path.is_file():
        if difference := RunIdentity(_settings(path)).difference(RunIdentity(wanted)):
            raise RuntimeError(f"{folder} holds a reproduction with {difference}")
        return
    write_text(path, json.dumps(wanted, indent=2) + "\n")


def _settings(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(settings, dict):
            return settings | {"policy": policy_name(str(settings.get("policy")))}
        problem = "it holds no settings"
    except (ValueError, RecursionError) as error:
        problem = str(error)[:100]
    raise RuntimeError(f"{path} cannot be read as that of a reproduction ({problem}): choose another --out")


def _description(policy: str, levels: Sequence[int], quick: bool, claims: Collection[str] | None) -> dict[str, str]:
    whole = isinstance(levels, range) and levels.step == 1
    written = f"{levels[0]}:{levels[-1] + 1}" if whole else ",".join(map(str, levels))
    name = policy_name(policy)
    command = f"steered-env reproduce --policy {name} --levels {written}"
    command += f" --claims {','.join(claims)}" if claims else ""
    return {
        "policy": name,
        "command": command + (" --quick" if quick else ""),
        "levels": f"{len(levels)} levels ({written})",
        "quick": "A first look: a claim is judged by those of its numbers that so few mazes can decide."
        if quick
        else "",
    }
