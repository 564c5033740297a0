"""``python -m benchmarks``: measure every speed that is written about, and print them as a table, or write the page."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import torch

from . import commands, measuring, runs, simulator, startup, training, views
from .timing import Row

_HEAD = "| what | measured | compared with | ratio | limit, or aim |\n| --- | --- | --- | --- | --- |"
_BEGIN, _END = "<!-- the table -->\n", "<!-- end of the table -->\n"
"""Lines of the page between which the table stands; the rest is prose."""


def main() -> None:
    """Measure, and write the table into the page that is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--page", type=Path, help="a Markdown file whose table is replaced")
    parser.add_argument("--only", help="rows of one module alone, such as simulator")
    options = parser.parse_args()
    cpu = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    lines = [f"{os.cpu_count()} cores, {cpu}, Python {platform.python_version()}, torch {torch.__version__}\n", _HEAD]
    print(*lines, sep="\n", flush=True)
    for row in _rows(options.only):  # each as soon as it is there: all take twenty minutes
        lines.append(f"| {row.what} | {row.measured} | {row.against} | {row.ratio} | {row.limit} |")
        print(lines[-1], flush=True)
    if options.page is not None:
        _write(options.page, "\n".join(lines) + "\n")


def _write(page: Path, table: str) -> None:
    before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_BEGIN}{table}{_END}{after}", encoding="utf-8")


def _rows(only: str | None) -> Iterator[Row]:
    for module in (startup, simulator, measuring, views, runs, commands, training):
        if only in (None, module.__name__.rpartition(".")[2]):
            yield from module.rows()


if __name__ == "__main__":
    main()
