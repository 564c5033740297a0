from .ablations import (
    LayerChange,
    LayerChanges,
    adding_with_norm,
    clamping,
    gated,
    mean_ablation,
    projecting_out,
    resampling,
    resampling_each_pass,
    scaling,
    setting,
    turning,
    zero_ablation,
)
from .hooks import HookError
from .intervention import Application, Change, Intervention, InTurn, applying
from .layers import DEFAULT_LAYER, LayerError, find_layer
from .pairs import mean_difference, principal_components
from .policy import ActionProbabilities, SteeredPolicy, sample_actions
from .reading import read_activations, reading_tensors
from .selection import channel_axis, map_position, whole_numbers
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
    "LayerChanges",
    "LayerError",
    "SteeredPolicy",
    "Steering",
    "VectorError",
    "adding_with_norm",
    "applying",
    "channel_axis",
    "cheese_vector",
    "cheese_vectors",
    "clamping",
    "corner_vector",
    "find_layer",
    "gated",
    "map_position",
    "mean_ablation",
    "mean_difference",
    "principal_components",
    "projecting_out",
    "random_vector",
    "read_activations",
    "reading_tensors",
    "resampling",
    "resampling_each_pass",
    "sample_actions",
    "scaling",
    "setting",
    "top_right_vector",
    "turning",
    "whole_numbers",
    "zero_ablation",
]
