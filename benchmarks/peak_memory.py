"""The peak memory of a program."""

from __future__ import annotations

import subprocess
import sys

_NOW = """
def peak():
    with open("/proc/self/status", encoding="utf-8") as status:
        return int(next(line for line in status if line.startswith("VmHWM:")).split()[1])
"""
"""Not ``getrusage``: a process that was started by a large one inherits the large one's peak there."""


def peak_mebibytes(program: str) -> float:
    """Run a Python program in a process of its own; it prints ``peak()``, its peak resident memory so far.

    Raises:
        subprocess.CalledProcessError: if it fails.
    """
    done = subprocess.run([sys.executable, "-c", _NOW + program], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024
