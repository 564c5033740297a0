"""The code that made a result, as its record keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .commit import commit_of
from .source import Entry, code_fingerprint, module_of, path_of

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
        """The code that functions, classes, or modules by name depend on; see `code_fingerprint`."""
        return cls(code_fingerprint(*entries), *_commit({module_of(entry).partition(".")[0] for entry in entries}))

    def __str__(self) -> str:
        return _commit_described(self.commit, self.clean)

    def plain(self) -> dict[str, Any]:
        """Return the code as JSON and a checkpoint keep it."""
        return asdict(self)


UNKNOWN = Code("unknown")
"""The code of results that do not record it."""


def commit_described(*packages: str) -> str:
    """The commit that the source of some packages came from, and whether it was changed since, for people."""
    return _commit_described(*_commit(packages))


def _commit(packages: Iterable[str]) -> tuple[str | None, bool]:
    return commit_of(*(path.parent for name in sorted(packages) if (path := path_of(name)) is not None))


def _commit_described(commit: str | None, clean: bool) -> str:
    if commit is None:
        return "commit unknown"
    return f"commit {commit[:_SHORT]}" + ("" if clean else " with changes")


def codes_from(record: Sequence[Mapping[str, Any]]) -> tuple[Code, ...]:
    """The codes of a result, from what `Code.plain` wrote of each; `UNKNOWN` where nothing was written."""
    return tuple(Code(**plain) for plain in record) or (UNKNOWN,)


def commits_of(codes: Sequence[Code]) -> str:
    """The commits of a result that one code began and others went on with, for people."""
    return ", then ".join(map(str, codes))


def codes_described(codes: Sequence[Code]) -> dict[str, Any]:
    """The codes of a result as its description has them: ``commit``, for people, and ``code``, their fingerprints."""
    return {"commit": commits_of(codes), "code": [code.fingerprint for code in codes]}
