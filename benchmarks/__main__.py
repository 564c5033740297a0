"""``python -m benchmarks``: measure every speed that the README names, and print them as a table."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator

import torch

from . import measuring, runs, simulator, startup, training
from .timing import Row


def main() -> None:
    cpu = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    print(f"{os.cpu_count()} cores, {cpu}, Python {platform.python_version()}, torch {torch.__version__}\n")
    print("| what | measured | against | ratio | limit |")
    print("| --- | --- | --- | --- | --- |")
    for row in _rows():  # each as soon as it is there: all take twenty minutes
        print(f"| {row.what} | {row.measured} | {row.against} | {row.ratio} | {row.limit} |", flush=True)


def _rows() -> Iterator[Row]:
    yield from startup.startup()
    yield simulator.env_steps()
    yield from simulator.vector_env_steps()
    yield simulator.drawn_mazes()
    yield from measuring.states_that_matter()
    yield measuring.five_conditions_against_one()
    yield measuring.sweep_against_one_by_one()
    yield from measuring.exact_against_sampled()
    yield measuring.memory()
    yield from runs.against_the_network()
    yield runs.two_workers_against_one()
    yield runs.memory()
    yield from training.throughput()


if __name__ == "__main__":
    main()
