"""What the benchmarks measure with."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.commands import commands_of
from benchmarks.peak_memory import peak_mebibytes
from benchmarks.timing import BEGIN, END, write_table


def test_peak_memory_is_of_the_program_alone() -> None:
    here = np.ones(300 * 2**17)  # 300 MiB of this process, which a process started by it must not be charged with
    empty = peak_mebibytes("print(peak())")
    large = peak_mebibytes("here = b'1' * (200 * 2**20)\ndel here\nprint(peak())")
    assert here.nbytes == 300 * 2**20
    assert 1 < empty < 100
    assert 195 < large - empty < 205


def test_a_program_that_fails_is_no_measurement() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        peak_mebibytes("raise SystemExit(1)")


def test_the_table_of_a_page_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text("before\n" + BEGIN + "old\n" + END + "after\n", encoding="utf-8")
    write_table(page, "new\n")
    assert page.read_text(encoding="utf-8") == "before\n" + BEGIN + "new\n" + END + "after\n"
    page.write_text("no table here\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"speed\.md"):
        write_table(page, "new\n")


def test_the_commands_of_make_table_are_those_that_are_timed() -> None:
    table, video = commands_of("table")
    assert (table[0], video[0]) == ("table", "video")
    assert "top_right - cheese" in table
    assert "--condition=-random" in table
