from .chunk_files import write_chunk
from .errors import RunError
from .fingerprints import fingerprint, own_modules
from .folder import Progress, RunFolder
from .listing import find_runs, runs_table
from .lock import locked
from .manifest import Manifest
from .schema import BASELINE, RATES, concatenated, csv_of, frame_of, read_frame

__all__ = [
    "BASELINE",
    "RATES",
    "Manifest",
    "Progress",
    "RunError",
    "RunFolder",
    "concatenated",
    "csv_of",
    "find_runs",
    "fingerprint",
    "frame_of",
    "locked",
    "own_modules",
    "read_frame",
    "runs_table",
    "write_chunk",
]
