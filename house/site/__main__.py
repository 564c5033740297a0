"""``python -m house.site``: build the documentation site into ``build/site/html``; a warning is an error."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

from .notebooks import executed
from .pages import write_source

ROOT = Path(__file__).parent.parent.parent


def main() -> int:
    """Write the source of the site, build it, and return the exit status of Sphinx."""
    parser = argparse.ArgumentParser(prog="python -m house.site", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build/site", help="folder of what is built")
    parser.add_argument("--without-notebooks", action="store_true", help="leave their pages out: they take a minute")
    options = parser.parse_args()
    out: Path = options.out
    notebooks = [] if options.without_notebooks else executed(ROOT, out / "notebooks")
    write_source(ROOT, out / "source", notebooks)
    shutil.rmtree(out / "html", ignore_errors=True)  # pages that are no more
    strict = ["--fail-on-warning", "--write-all", "--nitpicky", "--quiet", "--jobs", "auto"]
    status = build_main([*strict, "--doctree-dir", str(out / "doctrees"), str(out / "source"), str(out / "html")])
    if status:
        shutil.rmtree(out / "doctrees", ignore_errors=True)  # what was read with a warning would be read without it
    else:
        sys.stdout.write(f"{out / 'html/index.html'}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
