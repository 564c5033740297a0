"""Keeps glibc from handing memory back to the system after every step."""

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_ONE_GIBIBYTE = 1 << 30


def keep_freed_memory() -> None:
    """Raise glibc's trim and mmap thresholds for this process; elsewhere do nothing.

    A training step frees and takes the same large blocks again and again. Returned to the system each time,
    they cost about half the time of training on a CPU.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL("libc.so.6").mallopt
    for option in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD):
        mallopt(option, _ONE_GIBIBYTE)
