from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from steered_env.system.atomic_write import atomic_file


def write(path: Path) -> None:
    with atomic_file(path, make_folder=True) as temporary:
        temporary.write_text("all of it", encoding="utf-8")


@pytest.fixture(params=[0o022, 0o002, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_the_folder_is_made_if_asked(tmp_path: Path) -> None:
    write(tmp_path / "new" / "below" / "a.txt")
    assert (tmp_path / "new" / "below" / "a.txt").read_text(encoding="utf-8") == "all of it"
    with pytest.raises(FileNotFoundError), atomic_file(tmp_path / "other" / "a.txt"):
        pass
    assert not (tmp_path / "other").exists()


def test_permissions_are_those_that_open_would_leave(tmp_path: Path, umask: int) -> None:
    write(tmp_path / "new.txt")
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o666 & ~umask
    (tmp_path / "new.txt").chmod(0o640)
    write(tmp_path / "new.txt")
    assert stat.S_IMODE((tmp_path / "new.txt").stat().st_mode) == 0o640


def test_a_symbolic_link_is_written_through(tmp_path: Path) -> None:
    for folder in ("real", "links"):
        (tmp_path / folder).mkdir()
    (tmp_path / "real" / "old.txt").touch()
    for name in ("old.txt", "new.txt"):  # the second one does not exist yet
        (tmp_path / "links" / name).symlink_to(Path("..") / "real" / name)
        write(tmp_path / "links" / name)
        assert (tmp_path / "links" / name).is_symlink()
        assert (tmp_path / "real" / name).read_text(encoding="utf-8") == "all of it"
    assert len(list(tmp_path.rglob("*.txt"))) == 4


def test_names_as_long_as_the_disk_allows(tmp_path: Path) -> None:
    write(tmp_path / ("long" * 62 + ".txt"))
    write(tmp_path / ("迷" * 80 + ".txt"))
    assert len(list(tmp_path.iterdir())) == 2


def test_errors_name_what_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for path, error, why in (
        (tmp_path / "file" / "a.txt", NotADirectoryError, "its folder is a file"),
        (tmp_path / "folder", IsADirectoryError, "directory"),
        (tmp_path / "pipe", OSError, "no regular file"),
        (Path("/proc/a.txt"), OSError, "cannot be written"),
    ):
        with pytest.raises(error, match=why) as caught:
            write(path)
        assert caught.value.filename == str(path)
        assert caught.value.filename2 is None
        assert str(path) in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "pipe"]


def test_a_full_disk_names_what_was_asked_for(tmp_path: Path, largest_file: Any) -> None:
    with (
        largest_file(1000),
        pytest.raises(OSError, match=r"a\.txt") as caught,
        atomic_file(tmp_path / "a.txt") as temporary,
    ):
        temporary.write_text("x" * 2000)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(tmp_path / "a.txt"))
    assert "None" not in str(caught.value)
    assert not list(tmp_path.iterdir())
