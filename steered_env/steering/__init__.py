"""Steering: differences of activations, their algebra, and policies that they steer."""

from .layers import DEFAULT_LAYER, LayerError, find_layer, read_activations
from .policy import ActionProbabilities, SteeredPolicy, sample_actions
from .steering import Steering, add_to
from .vectors import VectorError, cheese_vector, random_vector, top_right_vector

__all__ = [
    "DEFAULT_LAYER",
    "ActionProbabilities",
    "LayerError",
    "SteeredPolicy",
    "Steering",
    "VectorError",
    "add_to",
    "cheese_vector",
    "find_layer",
    "random_vector",
    "read_activations",
    "sample_actions",
    "top_right_vector",
]
