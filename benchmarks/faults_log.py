"""``python -m benchmarks.faults_log``: every fault many times; ``make faults`` writes it to ``docs/faults.log``."""

from __future__ import annotations

import logging
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from evaluation.results.results import write_text
from steered_env.system.machine_description import machine

from . import faults
from .ray_faults import dead_node_and_driver


def main() -> None:
    jobs: list[Callable[[Path], str]] = [
        lambda folder: faults.kills(folder, 100),
        faults.full_disk,
        lambda folder: faults.damage(folder, 10),
        faults.two_processes,
        faults.changed_weights,
        dead_node_and_driver,
    ]
    logging.getLogger("evaluation.storage").setLevel(logging.ERROR)  # damage is what is wanted here
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "pyarrow", "ray"))
    lines = [f"$ make faults    # {machine()}, Python {platform.python_version()}, {packages}"]
    print(lines[0], flush=True)
    for fault in jobs:
        with tempfile.TemporaryDirectory() as folder:
            begin = time.monotonic()
            lines.append(f"{fault(Path(folder))} ({time.monotonic() - begin:.0f} s)")
        print(lines[-1], flush=True)
    if len(sys.argv) > 1:
        write_text(Path(sys.argv[1]), "\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
