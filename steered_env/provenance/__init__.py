"""Which code made a result: a fingerprint of the source that it depends on, and the commit that this came from."""

from .code import UNKNOWN, Code, code_difference, codes_described, codes_from, commits_of
from .reach import Entry, code_fingerprint, entry_name

__all__ = [
    "UNKNOWN",
    "Code",
    "Entry",
    "code_difference",
    "code_fingerprint",
    "codes_described",
    "codes_from",
    "commits_of",
    "entry_name",
]
