from .adapted import as_policy, policy_of
from .checkpoint import CheckpointError, load_policy, packaged_policies, read_metadata, rounded, save_policy
from .device import choose_device
from .differentiable import logits_of
from .finite import check_finite
from .impala import FEATURES, ImpalaEmbedder, ImpalaPolicy
from .observations import as_batch, is_observations, is_one_observation, to_input
from .probabilities import ActionProbabilities, check_shape, first_fault, probabilities_of
from .sb3_archive import ModelError, from_impala, to_impala
from .sb3_models import SB3Parts, UnknownPolicyError, sb3_parts
from .torch_files import load_torch
from .training_mode import check_evaluates

__all__ = [
    "FEATURES",
    "ActionProbabilities",
    "CheckpointError",
    "ImpalaEmbedder",
    "ImpalaPolicy",
    "ModelError",
    "SB3Parts",
    "UnknownPolicyError",
    "as_batch",
    "as_policy",
    "check_evaluates",
    "check_finite",
    "check_shape",
    "choose_device",
    "first_fault",
    "from_impala",
    "is_observations",
    "is_one_observation",
    "load_policy",
    "load_torch",
    "logits_of",
    "packaged_policies",
    "policy_of",
    "probabilities_of",
    "read_metadata",
    "rounded",
    "save_policy",
    "sb3_parts",
    "to_impala",
    "to_input",
]
