"""What the benchmarks measure with."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from benchmarks.peak_memory import peak_mebibytes


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
