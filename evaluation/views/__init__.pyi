from .fields import FIELD_BATCH, VectorField, fields_of, vector_field
from .figures import fields_figure, policy_name, results_figure, save_figure
from .films import record_video

__all__ = [
    "FIELD_BATCH",
    "VectorField",
    "fields_figure",
    "fields_of",
    "policy_name",
    "record_video",
    "results_figure",
    "save_figure",
    "vector_field",
]
