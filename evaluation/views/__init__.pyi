from .field_figures import fields_figure
from .fields import FIELD_BATCH, VectorField, fields_of, vector_field
from .films import record_video
from .time_in_cells import Occupancy, occupancy

__all__ = [
    "FIELD_BATCH",
    "Occupancy",
    "VectorField",
    "fields_figure",
    "fields_of",
    "occupancy",
    "record_video",
    "vector_field",
]
