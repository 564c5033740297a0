"""The code that made a result, as its record keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .commit import commit_of
from .modules import folder_of
from .reach import Entry, code_fingerprint, entry_name

_SHORT = 12


@dataclass(frozen=True)
class Code:
    """The code that made a result.

    Two results were made by the same code if their fingerprints are equal; the commit is for people.

    Attributes:
        fingerprint: Fingerprint of all source that the result depends on; see `code_fingerprint`.
        commit: Commit that the source came from; None if it came from no repository.
        clean: Whether the source was as in that commit.
    """

    fingerprint: str
    commit: str | None = None
    clean: bool = False

    @classmethod
    def of(cls, *entries: Entry) -> Code:
        """The code that can be reached from functions, classes, or modules by name; see `code_fingerprint`."""
        roots = sorted({entry_name(entry).split(":")[0].split(".")[0] for entry in entries})
        folders = [folder for root in roots if (folder := folder_of(root)) is not None]
        return cls(code_fingerprint(*entries), *commit_of(*folders))

    def __str__(self) -> str:
        if self.commit is None:
            return "commit unknown"
        return f"commit {self.commit[:_SHORT]}" + ("" if self.clean else " with changes")

    def plain(self) -> dict[str, Any]:
        """Return the code as JSON and a checkpoint keep it."""
        return asdict(self)


UNKNOWN = Code("unknown")
"""The code of results that do not record it."""


def codes_from(record: Sequence[Mapping[str, Any]]) -> tuple[Code, ...]:
    """The codes of a result, from what `Code.plain` wrote of each; `UNKNOWN` where nothing was written."""
    return tuple(Code(**plain) for plain in record) or (UNKNOWN,)


def commits_of(codes: Sequence[Code]) -> str:
    """The commits of a result that one code began and others went on with, for people."""
    return ", then ".join(map(str, codes))


def codes_described(codes: Sequence[Code]) -> dict[str, Any]:
    """The codes of a result as its description has them: ``commit``, for people, and ``code``, their fingerprints."""
    return {"commit": commits_of(codes), "code": [code.fingerprint for code in codes]}


def code_difference(before: Sequence[Code], now: Code) -> str:
    """Describe how the code that made a result differs from the present one; empty if it does not.

    Example:
        >>> code_difference([Code("0f", "1234567890ab", clean=True)], Code("e1"))
        'other code (commit 1234567890ab, fingerprint 0f), not the present one (commit unknown, fingerprint e1)'

    Args:
        before: The codes that made it, each of which may go on.
        now: The present code.
    """
    if any(code.fingerprint == now.fingerprint for code in before):
        return ""
    made_by = ", then ".join(map(_with_fingerprint, before))
    return f"other code ({made_by}), not the present one ({_with_fingerprint(now)})"


def _with_fingerprint(code: Code) -> str:
    return f"{code}, fingerprint {code.fingerprint}"
