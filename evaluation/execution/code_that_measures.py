"""The code that the numbers of an evaluation depend on."""

from __future__ import annotations

from contextlib import suppress

from evaluation.measuring import Job, PredictOnly
from evaluation.storage import own_code, write_chunk
from steered_env.provenance import Code, entry_name


def code_of(job: Job) -> Code:
    """The code that a job's numbers depend on."""
    subject, recipes = job.subject, [condition.recipe for condition in job.conditions]
    policy = (type(subject.predictor),) if isinstance(subject, PredictOnly) else (subject.module, subject.steering)
    return measuring_code(*policy, *job.edits, *recipes)


def measuring_code(*brought: object) -> Code:
    """The code that turns mazes into rows and keeps them; see `measuring_entries`."""
    return Code.of(*measuring_entries(*brought))


def measuring_entries(*brought: object) -> frozenset[str]:
    """The entry points of the code that turns mazes into rows and keeps them.

    Args:
        brought: policies, edits, steerings and functions that are measured; those of their classes and functions that
            are this project's are entry points as well.
    """
    entries = {Job.__module__, f"{__package__}.on_threads:on_threads", entry_name(write_chunk)}
    for value in brought:
        with suppress(ValueError):  # what has no fingerprint is refused where a run needs one
            entries |= own_code(value)
    return frozenset(entries)
