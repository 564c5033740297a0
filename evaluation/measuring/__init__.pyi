from .conditions import USUAL_CONDITIONS, Condition, ConditionLike, SteeringMaker, read_conditions
from .exact import explore
from .expressions import ConditionError, check_vectors
from .first_look import FIRST_LOOK_LEVELS
from .job import Job, Measurement, Measurer
from .maze_sets import Chunk, MazeSet, chunk_of, distinct_levels, maze_set, read_levels
from .sampled import Predictor
from .settings import TOLERANCE, Method, Settings
from .shared_forward import SharedForward, check_probabilities, one_torch_thread
from .steering_factory import SteeringFactory, those_that_exist
from .subject import PredictOnly, SteerablePolicy, Subject, subject_of
from .uniform_policy import UniformPolicy
from .vectors import VECTORS, Combination, Vector

__all__ = [
    "FIRST_LOOK_LEVELS",
    "TOLERANCE",
    "USUAL_CONDITIONS",
    "VECTORS",
    "Chunk",
    "Combination",
    "Condition",
    "ConditionError",
    "ConditionLike",
    "Job",
    "MazeSet",
    "Measurement",
    "Measurer",
    "Method",
    "PredictOnly",
    "Predictor",
    "Settings",
    "SharedForward",
    "SteerablePolicy",
    "SteeringFactory",
    "SteeringMaker",
    "Subject",
    "UniformPolicy",
    "Vector",
    "check_probabilities",
    "check_vectors",
    "chunk_of",
    "distinct_levels",
    "explore",
    "maze_set",
    "one_torch_thread",
    "read_conditions",
    "read_levels",
    "subject_of",
    "those_that_exist",
]
