from ._evaluate import evaluate
from ._sweep import sweep
from .measuring import Condition, ConditionError, UniformPolicy
from .results import Results
from .storage import RunError
from .views import VectorField, record_video, vector_field

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
