"""``python -m benchmarks``: measure every speed that is written about, and print them as a table, or write the page."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import torch

from . import commands, devices, measuring, play, runs, simulator, startup, steering, training, views
from .timing import Row, around_table, write_table

_HEAD = "| what | measured | compared with | ratio | limit, or aim |\n| --- | --- | --- | --- | --- |"

_MODULES = {
    module.__name__.rpartition(".")[2]: module
    for module in (startup, simulator, measuring, steering, views, play, runs, commands, training, devices)
}


def main() -> None:
    """Measure, and write the table into the page that is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--page", type=Path, help="a Markdown file whose table is replaced")
    where.add_argument("--only", choices=list(_MODULES), help="measure the rows of one file alone")
    options = parser.parse_args()
    if options.page is not None:
        around_table(options.page)  # before twenty minutes are spent
    cpu = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    lines = [f"{os.cpu_count()} cores, {cpu}, Python {platform.python_version()}, torch {torch.__version__}\n", _HEAD]
    print(*lines, sep="\n", flush=True)
    for row in _rows(options.only):  # each as soon as it is there
        lines.append(f"| {row.what} | {row.measured} | {row.against} | {row.ratio} | {row.limit} |")
        print(lines[-1], flush=True)
    if options.page is not None:
        write_table(options.page, "\n".join(lines) + "\n")


def _rows(only: str | None) -> Iterator[Row]:
    for module in _MODULES.values() if only is None else [_MODULES[only]]:
        yield from module.rows()


if __name__ == "__main__":
    main()
