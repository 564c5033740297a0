"""Let a process that was forked from one with torch's threads compute."""

from __future__ import annotations

import os
import sys


def _one_torch_thread() -> None:
    """Let torch compute in the only thread that a forked process has.

    A fork copies the calling thread alone. OpenMP, which torch computes with, still counts on the threads that it had
    started before, and the first operation that it splits among them would wait for ever.
    """
    torch = sys.modules.get("torch")
    if torch is not None:  # otherwise it starts threads of its own, later
        torch.set_num_threads(1)


os.register_at_fork(after_in_child=_one_torch_thread)
