"""The manifest of a run: everything that its numbers depend on."""

from __future__ import annotations

import datetime
import secrets
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from evaluation.measuring import Combination, Condition, Job, MazeSet, Measurement, PredictOnly
from evaluation.storage import Manifest, fingerprint
from steered_env import __version__
from steered_env.system import machine

from .code_that_measures import code_of

_PACKAGES = ("torch", "numpy", "scipy")
_SIMULATORS = ("procgen", "procgen-mirror")
_FILES = 2000
_SMALLEST_CHUNK, _LARGEST_CHUNK = 8, 256


def manifest_of(measurement: Measurement, chunk: int | None = None) -> Manifest:
    """The manifest of a run that is about to begin.

    Args:
        measurement: The measurement that the run is of.
        chunk: Mazes in each file; None chooses by their number.

    Raises:
        ValueError: if something has no fingerprint.
    """
    job, mazes = measurement.job, measurement.mazes
    return Manifest(
        configuration=_configuration(job, mazes),
        mazes=len(mazes),
        chunk=chunk_size(len(mazes), chunk),
        description=job.description(),
        begun=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        machine=machine(),
        code=[code_of(job).plain()],
        run=secrets.token_hex(8),
    )


def chunk_size(mazes: int, wanted: int | None) -> int:
    """Choose how many mazes are measured together.

    Few enough that little is lost with a chunk, and enough that a run does not have too many files.

    Args:
        mazes: Number of mazes.
        wanted: Chunk size that was asked for, if any.
    """
    return min(max(-(-mazes // _FILES), _SMALLEST_CHUNK), _LARGEST_CHUNK) if wanted is None else wanted


def versions() -> dict[str, str]:
    """The versions of everything that the bits of a result may depend on."""
    simulators = filter(None, map(_version_if_installed, _SIMULATORS))
    packages = {name: version(name) for name in _PACKAGES}
    return {"steered-env": __version__, **packages, "procgen": next(simulators, "none")}


def _configuration(job: Job, mazes: MazeSet) -> dict[str, Any]:
    subject, settings = job.subject, job.settings
    if isinstance(subject, PredictOnly):
        raise ValueError(
            f"{type(subject.predictor).__name__} has only predict and draws its own actions, so that a run in a "
            "folder could not go on to the same numbers: measure without a folder, and save the results"
        )
    return {
        "policy": subject.description,
        "weights": fingerprint(subject.module),
        "steering": fingerprint(subject.steering),
        "mazes": mazes.description(),
        "edits": [f"{getattr(edit, '__qualname__', type(edit).__name__)} {fingerprint(edit)}" for edit in job.edits],
        "method": settings.method,
        "horizon": settings.horizon,
        "episodes": settings.episodes,
        "seed": settings.seed,
        "deterministic": settings.deterministic,
        **({} if settings.device == "cpu" else {"device": settings.device}),
        "tolerance": settings.tolerance if settings.method == "exact" else 0,
        "conditions": {condition.name: _recipe(condition) for condition in job.conditions},
        "version": versions(),
    }


def _recipe(condition: Condition) -> str:
    recipe = condition.recipe
    return fingerprint(recipe.terms if isinstance(recipe, Combination) else recipe)


def _version_if_installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
