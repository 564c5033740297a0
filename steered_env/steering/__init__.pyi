from .ablations import LayerChange, map_position, mean_ablation, resampling, scaling, setting, zero_ablation
from .intervention import Change, Intervention, InTurn
from .layers import DEFAULT_LAYER, LayerError, find_layer, read_activations, read_frames
from .policy import ActionProbabilities, SteeredPolicy, sample_actions
from .steering import Steering
from .vectors import VectorError, cheese_vector, random_vector, top_right_vector

__all__ = [
    "DEFAULT_LAYER",
    "ActionProbabilities",
    "Change",
    "InTurn",
    "Intervention",
    "LayerChange",
    "LayerError",
    "SteeredPolicy",
    "Steering",
    "VectorError",
    "cheese_vector",
    "find_layer",
    "map_position",
    "mean_ablation",
    "random_vector",
    "read_activations",
    "read_frames",
    "resampling",
    "sample_actions",
    "scaling",
    "setting",
    "top_right_vector",
    "zero_ablation",
]
