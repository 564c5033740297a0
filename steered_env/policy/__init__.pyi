from .checkpoint import CheckpointError, load_policy, packaged_policies, read_metadata, rounded, save_policy
from .finite import check_finite
from .impala import ImpalaPolicy
from .observations import as_batch, to_input

__all__ = [
    "CheckpointError",
    "ImpalaPolicy",
    "as_batch",
    "check_finite",
    "load_policy",
    "packaged_policies",
    "read_metadata",
    "rounded",
    "save_policy",
    "to_input",
]
