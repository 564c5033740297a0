"""The manifest of a run: what is measured, and with what, in a file that is written first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from steered_env.provenance import Code, RunIdentity, codes_from
from steered_env.system import atomic_file

from .chunk_files import Place
from .errors import RunError

MANIFEST = "manifest.json"
_FORMAT, _READ = 2, (1, 2)
_OWN_VERSION = "version of steered-env"
"""May differ where the code is the same; that is compared instead."""
_WITHOUT = {"tolerance": 0}
"""Values of settings that version 0.1.0, which does not write them, measured with."""
_KINDS: dict[str, Any] = {
    "configuration": Mapping, "mazes": int, "chunk": int, "description": Mapping, "begun": str, "machine": str,
    "run": str,
}  # fmt: skip


@dataclass(frozen=True)
class Manifest:
    """The contents of a run's manifest.

    Attributes:
        configuration: All that the numbers depend on, as JSON has it; a run goes on only with the same.
        mazes: Number of mazes.
        chunk: Number of mazes in each chunk file.
        description: Description of the results, for people.
        begun: Time at which the run began, as ISO 8601.
        machine: Machine on which it began, for people.
        code: Codes that measured it, as `Code.plain` has them; more than one if another code went on. Empty for 0.1.0.
        run: Id of the run, which each of its chunk files names; empty for version 0.1.0, whose files name none.
    """

    configuration: Mapping[str, Any]
    mazes: int
    chunk: int
    description: Mapping[str, Any]
    begun: str
    machine: str
    code: Sequence[Mapping[str, Any]] = ()
    run: str = ""

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            value = getattr(self, name)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise TypeError(f"{name} is {value!r:.40}")
        for name in ("mazes", "chunk"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be ≥ 1, got {getattr(self, name)}")
        codes_from(self.code)  # raises if it is damaged

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.mazes // self.chunk)

    @property
    def codes(self) -> tuple[Code, ...]:
        """The codes that measured it."""
        return codes_from(self.code)

    @property
    def identity(self) -> RunIdentity:
        """The settings and codes that a run must share with another one to go on as it."""
        as_read = json.loads(json.dumps(self.configuration))
        return RunIdentity(_flat(as_read), self.codes)

    def continued_by(self, wanted: Manifest) -> Manifest:
        """The manifest of this run when the code of the one that is asked for goes on with it."""
        codes = self.identity.continued_by(wanted.identity)
        return self if codes == self.codes else replace(self, code=[code.plain() for code in codes])

    def difference(self, wanted: Manifest, *, other_code: bool = False) -> str:
        """Describe the first difference to the run that is asked for, and the ways out; empty if this one can go on."""
        return self.identity.difference(wanted.identity, free=[_OWN_VERSION], other_code=other_code)

    def place(self, number: int) -> Place:
        """The place of chunk ``number``."""
        first = number * self.chunk
        return Place(self.run, number, range(first, min(first + self.chunk, self.mazes)))

    def mazes_in(self, chunks: Iterable[int]) -> int:
        """Number of mazes in chunks with these numbers."""
        return sum(len(self.place(number).mazes) for number in chunks)

    def write(self, folder: Path) -> None:
        """Write it into a run's folder, whole or not at all."""
        with atomic_file(folder / MANIFEST) as temporary:
            temporary.write_text(json.dumps({"format": _FORMAT, **asdict(self)}, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """Read the manifest in a run's folder; None where there is no run.

        Raises:
            RunError: if it is damaged, or of a later version of this package.
        """
        path = folder / MANIFEST
        if not path.is_file():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            written_format = content.pop("format")
            if written_format in _READ:
                return cls(**content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(
                f"{path} cannot be read as the manifest of a run ({str(error)[:100]}): restore it, or move it away to "
                "begin anew, or choose another --out"
            ) from None
        raise RunError(
            f"{path} has format {written_format}, this version reads {_READ[-1]} at most: choose another --out"
        )


def _flat(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of fields as ``field of name``; the order of conditions counts as a field of its own."""
    flat: dict[str, Any] = {}
    missing = {name: value for name, value in _WITHOUT.items() if name not in configuration}
    for name, value in {**configuration, **missing}.items():
        if isinstance(value, Mapping):
            flat[name] = ", ".join(value)
            flat |= {f"{name} of {key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return flat
