"""The code that made a result: a fingerprint of the source that it depends on, and the commit that this came from."""

from .code import UNKNOWN, Code, codes_described, codes_from, commit_described, commits_of
from .run_identity import RunIdentity
from .source import Entry, code_fingerprint, module_of

__all__ = [
    "UNKNOWN",
    "Code",
    "Entry",
    "RunIdentity",
    "code_fingerprint",
    "codes_described",
    "codes_from",
    "commit_described",
    "commits_of",
    "module_of",
]
