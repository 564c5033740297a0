from .ablations import LayerChange, map_position, mean_ablation, resampling, scaling, setting, zero_ablation
from .hooks import HookError
from .intervention import Application, Change, Intervention, InTurn, applying
from .layers import DEFAULT_LAYER, LayerError, find_layer
from .pairs import mean_difference, principal_components
from .policy import ActionProbabilities, SteeredPolicy, sample_actions
from .reading import read_activations
from .steering import Steering
from .vectors import (
    VectorError,
    cheese_vector,
    cheese_vectors,
    corner_vector,
    random_vector,
    top_right_vector,
)

__all__ = [
    "DEFAULT_LAYER",
    "ActionProbabilities",
    "Application",
    "Change",
    "HookError",
    "InTurn",
    "Intervention",
    "LayerChange",
    "LayerError",
    "SteeredPolicy",
    "Steering",
    "VectorError",
    "applying",
    "cheese_vector",
    "cheese_vectors",
    "corner_vector",
    "find_layer",
    "map_position",
    "mean_ablation",
    "mean_difference",
    "principal_components",
    "random_vector",
    "read_activations",
    "resampling",
    "sample_actions",
    "scaling",
    "setting",
    "top_right_vector",
    "zero_ablation",
]
