from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from steered_env.whole_file import whole_file


def test_the_folder_is_made_if_asked(tmp_path: Path) -> None:
    with whole_file(tmp_path / "new" / "below" / "a.txt", make_folder=True) as temporary:
        temporary.write_text("all of it")
    assert (tmp_path / "new" / "below" / "a.txt").read_text() == "all of it"
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "other" / "a.txt"):
        pass
    assert not (tmp_path / "other").exists()


def test_errors_name_what_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()

    def write(path: Path) -> None:
        with whole_file(path, make_folder=True) as temporary:
            temporary.write_text("all of it")

    for path, error, why in (
        (tmp_path / "file" / "a.txt", NotADirectoryError, "its folder is a file"),
        (tmp_path / "folder", IsADirectoryError, "directory"),
        (Path("/proc/a.txt"), OSError, "cannot be written"),
    ):
        with pytest.raises(error, match=why) as caught:
            write(path)
        assert caught.value.filename == str(path)
        assert caught.value.filename2 is None
        assert str(path) in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_full_disk_names_what_was_asked_for(tmp_path: Path, largest_file: Any) -> None:
    with (
        largest_file(1000),
        pytest.raises(OSError, match=r"a\.txt") as caught,
        whole_file(tmp_path / "a.txt") as temporary,
    ):
        temporary.write_text("x" * 2000)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(tmp_path / "a.txt"))
    assert "None" not in str(caught.value)
    assert not list(tmp_path.iterdir())
