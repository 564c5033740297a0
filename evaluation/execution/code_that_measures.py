"""The code that the numbers of an evaluation depend on."""

from __future__ import annotations

from contextlib import suppress

from evaluation.measuring import Job, PredictOnly
from evaluation.storage import own_modules, write_chunk
from steered_env.provenance import Code, module_of


def code_of(job: Job) -> Code:
    """The code that a job's numbers depend on."""
    subject, recipes = job.subject, [condition.recipe for condition in job.conditions]
    policy = (type(subject.predictor),) if isinstance(subject, PredictOnly) else (subject.module, subject.steering)
    return measuring_code(*policy, *job.edits, *recipes)


def measuring_code(*brought: object) -> Code:
    """The code that turns mazes into rows and keeps them; see `measuring_modules`."""
    return Code.of(*measuring_modules(*brought))


def measuring_modules(*brought: object) -> frozenset[str]:
    """The modules from which all code can be found that turns mazes into rows and keeps them.

    Args:
        brought: Policies, edits, steerings and functions that are measured; the modules of those of their classes and
            functions that are this project's belong to it.
    """
    modules = {module_of(Job), f"{__package__}.on_threads", module_of(write_chunk)}
    for value in brought:
        with suppress(ValueError):  # what has no fingerprint is refused where a run needs one
            modules |= own_modules(value)
    return frozenset(modules)
