from .atomic_write import atomic_file
from .foreign_files import refuse_foreign_files
from .given_up import GivenUpError, check_given_up, given_up_by, in_threads_of, worker_threads
from .interruption import StopRequest, ignore_interruptions, stop_requests, stopped_at_once
from .machine_description import machine
from .missing_extra import MissingExtraError, needing
from .moved_modules import naming_new_names
from .processor_cores import cores

__all__ = [
    "GivenUpError",
    "MissingExtraError",
    "StopRequest",
    "atomic_file",
    "check_given_up",
    "cores",
    "given_up_by",
    "ignore_interruptions",
    "in_threads_of",
    "machine",
    "naming_new_names",
    "needing",
    "refuse_foreign_files",
    "stop_requests",
    "stopped_at_once",
    "worker_threads",
]
