from .conditions import USUAL_CONDITIONS, Condition, ConditionLike, SteeringMaker, read_condition, read_conditions
from .episodes import Episode, walk
from .exact import explore
from .expression_text import write_expression
from .expressions import ConditionError, check_vectors, read_expression
from .first_look import FIRST_LOOK_LEVELS
from .job import Job, Measurement, Measurer
from .known_maze import KnownMaze, MazeNumbers, net_moves
from .maze_sets import Chunk, MazeSet, chunk_of, distinct_levels, maze_set, read_levels
from .sampled import Predictor
from .settings import TOLERANCE, Method, Settings
from .shared_forward import SharedForward, check_probabilities, one_torch_thread
from .steering_factory import SteeringFactory, check_named_levels, those_that_exist
from .subject import PredictOnly, SteerablePolicy, Subject, subject_of
from .uniform_policy import UniformPolicy
from .vectors import VECTORS, Combination, Function, Given, Term, Vector

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
    "Episode",
    "Function",
    "Given",
    "Job",
    "KnownMaze",
    "MazeNumbers",
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
    "Term",
    "UniformPolicy",
    "Vector",
    "check_named_levels",
    "check_probabilities",
    "check_vectors",
    "chunk_of",
    "distinct_levels",
    "explore",
    "maze_set",
    "net_moves",
    "one_torch_thread",
    "read_condition",
    "read_conditions",
    "read_expression",
    "read_levels",
    "subject_of",
    "those_that_exist",
    "walk",
    "write_expression",
]
