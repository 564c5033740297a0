from ._evaluate import evaluate
from ._sweep import sweep
from ._vector_field import VectorField, vector_field
from .conditions import Condition, ConditionError
from .results import Results
from .runs.trouble import RunError
from .uniform import UniformPolicy
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
