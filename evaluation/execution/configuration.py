"""All that the numbers of a run depend on, as its manifest keeps it."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from evaluation.measuring import Condition, Job, Source
from evaluation.storage import Manifest, fingerprint
from steered_env.system import machine

from .code_that_measures import code_of

_PACKAGES = ("steered-env", "torch", "numpy", "scipy")
_SIMULATORS = ("procgen", "procgen-mirror")
_LISTED = 8
_FILES = 2000
_SMALLEST_CHUNK, _LARGEST_CHUNK = 4, 256


def manifest_of(job: Job, source: Source, chunk: int | None = None) -> Manifest:
    """The manifest of a run that is about to begin.

    Args:
        job: what is done with every maze.
        source: the mazes.
        chunk: of how many mazes each file is; by their number unless said.

    Raises:
        ValueError: if something has no fingerprint, or ``chunk`` is below 1.
    """
    return Manifest(
        configuration=_configuration(job, source),
        mazes=len(source),
        chunk=_chunk(len(source), chunk),
        description=job.description(),
        begun=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        machine=machine(),
        code=[code_of(job).plain()],
        run=secrets.token_hex(8),
    )


def versions() -> dict[str, str]:
    """The versions of everything that the bits of a result may depend on."""
    found = {name: version(name) for name in _PACKAGES}
    return {**found, "procgen": next(filter(None, map(_version_if_there, _SIMULATORS)), "none")}


def _configuration(job: Job, source: Source) -> dict[str, Any]:
    if job.subject.module is None:
        raise ValueError(
            f"{type(job.subject.predictor).__name__} has only predict and draws its own actions, so that a run in a "
            "folder could not go on to the same numbers: measure without a folder, and save the results"
        )
    how = job.settings
    return {
        "policy": job.subject.description,
        "weights": fingerprint(job.subject.module),
        "steering": fingerprint(job.subject.steering),
        "mazes": _described(source),
        "edits": [f"{getattr(edit, '__qualname__', type(edit).__name__)} {fingerprint(edit)}" for edit in job.edits],
        "method": how.method,
        "horizon": how.horizon,
        "episodes": how.episodes,
        "seed": how.seed,
        "deterministic": how.deterministic,
        "conditions": {one.name: _recipe(one) for one in job.conditions},
        "version": versions(),
    }


def _recipe(condition: Condition) -> str:
    return fingerprint(condition.terms if condition.made_by is None else condition.made_by)


def _described(source: Source) -> str:
    levels = source.levels
    if levels is None:
        return f"{len(source)} mazes of the caller's, {fingerprint(source.mazes)}"
    if isinstance(levels, range) and levels.step == 1:
        return f"levels {levels.start}:{levels.stop}"
    return f"{_listed(levels)}, {fingerprint(tuple(levels))}"


def _listed(levels: Sequence[int]) -> str:
    if len(levels) <= _LISTED:
        return f"levels {','.join(map(str, levels))}"
    return f"{len(levels)} levels {','.join(map(str, levels[:3]))},…,{levels[-1]}"


def _chunk(mazes: int, wanted: int | None) -> int:
    """Few enough mazes that little is lost with a chunk, and enough that there are not too many files."""
    if wanted is None:
        return min(max(-(-mazes // _FILES), _SMALLEST_CHUNK), _LARGEST_CHUNK)
    if wanted < 1:
        raise ValueError(f"chunk must be ≥ 1 maze, got {wanted}")
    return wanted


def _version_if_there(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
