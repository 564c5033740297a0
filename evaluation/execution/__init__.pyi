from .code_that_measures import code_of, measuring_code
from .configuration import manifest_of
from .run import Workers, measure_into

__all__ = [
    "Workers",
    "code_of",
    "manifest_of",
    "measure_into",
    "measuring_code",
]
