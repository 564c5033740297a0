"""Notebooks, kept as text: executed once, with what they put out as pages of the site."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext  # type: ignore[import-untyped]
import nbformat

from steered_env.provenance import code_fingerprint

NOTEBOOKS = "examples/notebooks"
_CODE = "steered_env_code"
"""The key of a notebook's metadata that says under which code it was executed."""


@dataclass(frozen=True)
class Executed:
    """A notebook with what it put out.

    Attributes:
        path: The notebook, as ``.ipynb``.
        notebook: What it holds.
    """

    path: Path
    notebook: Any

    def files(self, folder: str) -> dict[str, bytes]:
        """Return its page, the pictures on it, and the notebook itself, by their places on the site."""
        name, parts, files = self.path.stem, [], {f"{folder}/{self.path.name}": self.path.read_bytes()}
        for number, cell in enumerate(self.notebook.cells):
            parts.append(f"```python\n{cell.source}\n```" if cell.cell_type == "code" else cell.source)
            for index, output in enumerate(cell.get("outputs", [])):
                data = {"text/plain": output.text} if output.output_type == "stream" else output.get("data", {})
                if "image/png" in data:
                    picture = f"{name}-{number}-{index}.png"
                    files[f"{folder}/{picture}"] = base64.b64decode(data["image/png"])
                    small = "{width=320px}" if "text/html" in data else ""  # a maze
                    parts.append(f"![what the cell above draws]({picture}){small}")
                elif "text/markdown" in data:
                    parts.append("".join(data["text/markdown"]))
                elif "text/html" in data:
                    lines = "".join(data["text/html"]).replace(' border="1" class="dataframe"', ' class="docutils"')
                    table = "\n".join(line for line in lines.splitlines() if line.strip())
                    parts.append(f'<div class="output table-wrapper">\n{_without_style(table)}\n</div>')
                elif "text/plain" in data:
                    parts.append(
                        f"```{{code-block}} text\n:class: output\n\n{''.join(data['text/plain']).rstrip()}\n```"
                    )
        parts.append(f"[This page as a notebook](path:{self.path.name})")
        return {f"{folder}/{name}.md": "\n\n".join(parts).encode() + b"\n", **files}


def _without_style(table: str) -> str:
    before, found, after = table.partition("<style")
    return before + after.partition("</style>")[2].lstrip() if found else table


def executed(root: Path, folder: Path) -> list[Executed]:
    """Execute the notebooks by nbmake, those that were not executed yet as they are under the code as it is.

    Args:
        root: The repository.
        folder: Where the executed notebooks are kept.

    Raises:
        RuntimeError: if a cell raises; the message is nbmake's report.
    """
    texts = sorted((root / NOTEBOOKS).glob("*.py"))
    folder.mkdir(parents=True, exist_ok=True)
    stale = []
    for text in texts:
        path, written = folder / f"{text.stem}.ipynb", jupytext.read(text)
        written.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        written.metadata[_CODE] = hashlib.sha256(code_fingerprint("steered_env", "evaluation").encode()).hexdigest()
        if not (path.is_file() and _same(_read(path), written)):
            nbformat.write(written, path)  # type: ignore[no-untyped-call]
            stale.append(path)
    if stale:
        nbmake = [sys.executable, "-m", "pytest", "--nbmake", "--overwrite", "-p", "no:cacheprovider", "-n", "2"]
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
        command = [*nbmake, "--rootdir", str(folder), *map(str, stale)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=one_thread)
        if done.returncode:
            for path in stale:
                path.unlink()
            raise RuntimeError(f"a notebook does not run:\n{done.stdout}{done.stderr}")
    return [Executed(path, _read(path)) for path in (folder / f"{text.stem}.ipynb" for text in texts)]


def _same(before: Any, after: Any) -> bool:
    sources = [[(cell.cell_type, cell.source) for cell in notebook.cells] for notebook in (before, after)]
    return sources[0] == sources[1] and before.metadata.get(_CODE) == after.metadata[_CODE]


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
