from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation.storage.chunk_files import (
    DamagedChunkError,
    ForeignChunkError,
    Place,
    belongs,
    checked_chunk,
    chunk_files,
    frame_of_chunks,
    rows_of,
    write_chunk,
)
from evaluation.storage.schema import frame_of

PLACE = Place("a run", 3, range(2))


@pytest.fixture
def frame() -> pd.DataFrame:
    rates = ("reach_cheese", "reach_top_right", "reach_region", "reach_either", "decision_row", "decision_col")
    numbers = dict(zip(rates, [0.1, np.nan, 1e-300, np.nextafter(1, 0), 3, -0.0], strict=True))
    row = {**numbers, "p_cheese_at_decision": np.nan, "p_top_right_at_decision": 0.3, "size": 13, "episodes": 0}
    return frame_of(
        [
            {"maze": 0, "level": None, "condition": 'odd, "name" ×', **row},
            {"maze": 1, "level": 2**31 - 2, "condition": "b", **row},
        ]
    )


def test_every_bit_comes_back(frame: pd.DataFrame, tmp_path: Path) -> None:
    nothing = Place("a run", 4, range(2, 3))
    first, empty = write_chunk(tmp_path, PLACE, frame), write_chunk(tmp_path, nothing, frame_of([]))
    (tmp_path / first.name.replace("00000003", "00000009")).mkdir()  # a folder that is called like one
    assert chunk_files(tmp_path) == {3: [first], 4: [empty]}
    again = frame_of_chunks([rows_of(checked_chunk(first, PLACE)), rows_of(checked_chunk(empty, nothing))])
    pd.testing.assert_frame_equal(again, frame, check_exact=True)
    numbers = again.select_dtypes("float64").to_numpy(), frame.select_dtypes("float64").to_numpy()
    assert numbers[0].tobytes() == numbers[1].tobytes()
    assert pd.read_parquet(first)["level"].isna().tolist() == [True, False]  # others read it as well
    pd.testing.assert_frame_equal(frame_of_chunks([]), frame_of([]))


def test_every_flipped_byte_is_found(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = write_chunk(tmp_path, PLACE, frame)
    content = path.read_bytes()
    for place in range(0, len(content), 97):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(DamagedChunkError, match="is damaged: its"):
            checked_chunk(path, PLACE)
    path.write_bytes(content[:-1])
    with pytest.raises(DamagedChunkError):
        checked_chunk(path, PLACE)


def test_a_failed_write_leaves_nothing(frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_chunk(tmp_path, PLACE, frame)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "other",
    [
        Place("other", 3, range(2)),
        Place("a run", 2, range(2)),
        Place("a run", 3, range(1)),
        Place("a run", 3, range(1, 3)),
        Place("", 3, range(2)),
    ],
)
def test_a_chunk_belongs_to_one_place(frame: pd.DataFrame, tmp_path: Path, other: Place) -> None:
    path = write_chunk(tmp_path, PLACE, frame)
    assert belongs(path, PLACE)
    assert not belongs(path, other)
    with pytest.raises(ForeignChunkError, match=path.name):
        checked_chunk(path, other)
