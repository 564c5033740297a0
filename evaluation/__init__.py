"""Measuring: how often a steered mouse reaches the cheese and the top right, in tables, figures and films."""

from .conditions import Condition, ConditionError
from .evaluate import evaluate
from .results import Results
from .runs.trouble import RunError
from .sweep import sweep
from .uniform import UniformPolicy
from .vector_field import VectorField, vector_field
from .video import record_video

__all__ = [
    "Condition",
    "ConditionError",
    "Results",
    "RunError",
    "UniformPolicy",
    "VectorField",
    "evaluate",
    "record_video",
    "sweep",
    "vector_field",
]
