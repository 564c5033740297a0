"""Read what ``torch.save`` wrote without running anything in it."""

from __future__ import annotations

import io
import threading
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from .archives import unpack

_ARCHIVE = b"PK\x03\x04"
"""What the files of torch that are archives begin with."""


class _Inert:
    """Stands in for a number or an array of numpy's, of which nothing is made and nothing is run."""

    def __new__(cls, *_arguments: object) -> _Inert:
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        pass


_OF_NUMPY: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (_Inert, name)
    for name in (
        "numpy.dtype",
        "numpy.ndarray",
        *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ("scalar", "_reconstruct")),
    )
]
"""What a pickle calls to make numbers and arrays of numpy's; each becomes an `_Inert` instead."""
_one_at_a_time = threading.Lock()
"""torch keeps the names that it may call for the whole process."""


def load_torch(source: Path | bytes, device: torch.device | str = "cpu") -> Any:
    """Read tensors and plain values; numbers and arrays of numpy's beside them become objects without content.

    Args:
        source: A path, or what is in the file.
        device: Device to put the tensors on.

    Raises:
        pickle.UnpicklingError: if the file holds something else.
        TooLargeError: if it is compressed, and far too large.
        Exception: of almost any kind, if it is damaged.
    """
    with (
        _one_at_a_time,
        torch.serialization.safe_globals(_OF_NUMPY),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", UserWarning)  # about pickle protocols, beside the error
        return torch.load(_stored(source), map_location=device, weights_only=True)


def _stored(source: Path | bytes) -> Path | io.BytesIO:
    """The file, or where it is an archive a copy of it that is not compressed.

    So torch's own reader, which trusts sizes and might find other files in the archive, sees only what was checked.
    """
    if not _is_archive(source):
        return source if isinstance(source, Path) else io.BytesIO(source)
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as archive:
        for name, content in unpack(source, lambda _: True, lambda name: name.endswith(".pkl")).items():
            archive.writestr(zipfile.ZipInfo(name), content)
    copy.seek(0)
    return copy


def _is_archive(source: Path | bytes) -> bool:
    if isinstance(source, bytes):
        return source.startswith(_ARCHIVE)
    with source.open("rb") as file:
        return file.read(len(_ARCHIVE)) == _ARCHIVE
