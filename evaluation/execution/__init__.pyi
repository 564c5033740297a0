from .code_that_measures import measuring_code
from .configuration import manifest_of
from .engine import run_measurement
from .execution import Execution, worker_count

__all__ = [
    "Execution",
    "manifest_of",
    "measuring_code",
    "run_measurement",
    "worker_count",
]
