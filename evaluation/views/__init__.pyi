from .field_figures import fields_figure
from .fields import FIELD_BATCH, VectorField, fields_of, vector_field
from .films import record_video

__all__ = [
    "FIELD_BATCH",
    "VectorField",
    "fields_figure",
    "fields_of",
    "record_video",
    "vector_field",
]
