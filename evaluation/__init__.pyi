from ._evaluate import evaluate
from ._sweep import sweep
from .measuring import Condition, ConditionError, UniformPolicy
from .play import MazeWidget
from .results import Results
from .storage import RunError
from .views import Occupancy, VectorField, occupancy, record_video, vector_field

__all__ = [
    "Condition",
    "ConditionError",
    "MazeWidget",
    "Occupancy",
    "Results",
    "RunError",
    "UniformPolicy",
    "VectorField",
    "evaluate",
    "occupancy",
    "record_video",
    "sweep",
    "vector_field",
]
