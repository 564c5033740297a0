"""``python -m benchmarks``: measure every speed that the README names, and print them as a table."""

from __future__ import annotations

import os
import platform

import torch

from . import measuring, runs, simulator, training
from .timing import Row


def main() -> None:
    rows: list[Row] = [simulator.env_steps(), *simulator.vector_env_steps(), simulator.drawn_mazes()]
    rows += [measuring.five_conditions_against_one(), measuring.sweep_against_one_by_one()]
    rows += measuring.exact_against_sampled()
    rows.append(measuring.memory())
    rows += [*runs.against_the_network(), runs.two_workers_against_one(), runs.memory()]
    rows += training.throughput()
    cpu = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    print(f"{os.cpu_count()} cores, {cpu}, Python {platform.python_version()}, torch {torch.__version__}\n")
    print("| what | measured | against | ratio | limit |")
    print("| --- | --- | --- | --- | --- |")
    for row in rows:
        print(f"| {row.what} | {row.measured} | {row.against} | {row.ratio} | {row.limit} |")


if __name__ == "__main__":
    main()
