"""The manifest of a run: what is measured, and with what, in a file that is written first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from steered_env.settings_compared import first_difference
from steered_env.whole_file import whole_file

from .trouble import RunError

MANIFEST = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a run measures.

    Attributes:
        configuration: all that the numbers depend on, as JSON has it; a run goes on only with the same.
        mazes: how many there are.
        chunk: mazes in each chunk file.
        description: of the results, for people.
        begun: when, as ISO 8601.
        machine: where.
    """

    configuration: Mapping[str, Any]
    mazes: int
    chunk: int
    description: Mapping[str, Any]
    begun: str
    machine: str

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return -(-self.mazes // self.chunk)

    def mazes_in(self, number: int) -> int:
        """How many mazes chunk ``number`` has."""
        return min(self.chunk, self.mazes - number * self.chunk)

    def write(self, folder: Path) -> None:
        """Write it into a run's folder, whole or not at all."""
        with whole_file(folder / MANIFEST) as temporary:
            temporary.write_text(json.dumps({"format": _FORMAT, **asdict(self)}, indent=2) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """That of a run's folder, or None where there is no run.

        Raises:
            RunError: if it is damaged, or of a later version of this package.
        """
        path = folder / MANIFEST
        if not path.is_file():
            return None
        try:
            content = json.loads(path.read_text())
            found = content.pop("format")
            if found == _FORMAT:
                return cls(**content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(
                f"{path} cannot be read ({str(error)[:100]}): restore it, or remove {folder} to begin anew, or choose "
                "another --out"
            ) from None
        raise RunError(f"{path} has format {found}, this version reads {_FORMAT}: choose another --out")

    def difference(self, wanted: Manifest) -> str:
        """The first field in which another configuration differs, with both values; empty if none does."""
        return first_difference(_flat(self.configuration), _flat(json.loads(json.dumps(wanted.configuration))))


def _flat(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of fields as ``field of name``; the order of conditions counts as a field of its own."""
    flat: dict[str, Any] = {}
    for name, value in configuration.items():
        if isinstance(value, Mapping):
            flat[name] = ", ".join(value)
            flat |= {f"{name} of {key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return flat
