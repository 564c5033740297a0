"""The one rule of what makes two runs the same: their settings, and the code that their numbers depend on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .code import Code

_LONGEST = 60


@dataclass(frozen=True)
class RunIdentity:
    """The settings and codes by which a run in a folder is known as the one that is asked for, and can go on.

    Attributes:
        settings: All settings that its results depend on.
        codes: The codes that made it so far, one after the other; none where code is compared elsewhere.
    """

    settings: Mapping[str, Any]
    codes: tuple[Code, ...] = ()

    def difference(self, wanted: RunIdentity, *, free: Collection[str] = (), other_code: bool = False) -> str:
        """Describe the first difference to the run that is asked for, and the ways out; empty if this one can go on.

        Example:
            >>> before = RunIdentity({"width": 1}, (Code("0f", "1234567890ab", clean=True),))
            >>> before.difference(RunIdentity({"width": 4})).partition(":")[0]
            'width 1, not 4'
            >>> before.difference(RunIdentity({"width": 1}, (Code("e1"),))).partition(":")[0]
            'other code (commit 1234567890ab, fingerprint 0f), not the present one (commit unknown, fingerprint e1)'

        Args:
            wanted: The run that is asked for, with the present code.
            free: Names of settings that may differ.
            other_code: Whether other code may go on.
        """
        before, now = self.settings, wanted.settings
        for name in dict.fromkeys([*before, *now]):
            if before.get(name) != now.get(name) and name not in free:
                differs = f"{name} {_short(before.get(name))}, not {_short(now.get(name))}"
                return (
                    f"{differs}: choose another --out, or the same configuration to continue it, or remove the folder"
                )
        if other_code or self.continued_by(wanted) == self.codes:
            return ""
        return (
            f"other code ({_described(self.codes)}), not the present one ({_described(wanted.codes)}): to begin anew "
            "name another --out or remove the folder; --other-code accepts it"
        )

    def continued_by(self, wanted: RunIdentity) -> tuple[Code, ...]:
        """The codes of this run when the code of the one that is asked for goes on with it."""
        known = {code.fingerprint for code in self.codes}
        return (*self.codes, *(code for code in wanted.codes if code.fingerprint not in known))


def _described(codes: Collection[Code]) -> str:
    return ", then ".join(f"{code}, fingerprint {code.fingerprint}" for code in codes)


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[:40]} … {text[-16:]}"
