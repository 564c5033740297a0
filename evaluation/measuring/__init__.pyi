from .conditions import (
    USUAL_CONDITIONS,
    VECTORS,
    Condition,
    ConditionError,
    ConditionLike,
    SteeringFactory,
    SteeringMaker,
    Vector,
    read_conditions,
    those_that_exist,
)
from .job import Chunk, Job, Measurer, Method, Settings, Source, Subject, check_distinct
from .named_policy import loaded
from .sampled import Predictor
from .shared_forward import SharedForward, module_and_steering, one_torch_thread
from .uniform_policy import UniformPolicy

__all__ = [
    "USUAL_CONDITIONS",
    "VECTORS",
    "Chunk",
    "Condition",
    "ConditionError",
    "ConditionLike",
    "Job",
    "Measurer",
    "Method",
    "Predictor",
    "Settings",
    "SharedForward",
    "Source",
    "SteeringFactory",
    "SteeringMaker",
    "Subject",
    "UniformPolicy",
    "Vector",
    "check_distinct",
    "loaded",
    "module_and_steering",
    "one_torch_thread",
    "read_conditions",
    "those_that_exist",
]
