"""The source of the site: the repository's pages with their links, and the pages that are made of other things."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

from evaluation.cards.front_matter import without_front_matter

from .commands import commands_page
from .faces import PAGES, library_page, reference_page
from .links import Places
from .notebooks import NOTEBOOKS, Executed

CARDS = "steered_env/policy/weights"
_PROJECT = {
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CODE_OF_CONDUCT.md": "project/conduct.md",
    "SECURITY.md": "project/security.md",
}
_PLAY = """# Play in your browser

`steered-env play` opens a page in which you draw a maze and steer the mouse while it runs.
"""
_DEMO = """
## Here and now

No installation: the maze below runs in this page. Draw walls, move the cheese, steer.

<iframe class="demo" src="{place}/index.html" title="A maze to steer in"></iframe>

<a href="{place}/index.html">Open it alone</a>
"""


def write_source(root: Path, source: Path, notebooks: Sequence[Executed]) -> None:
    """Write the folder that Sphinx reads. What has not changed is left alone, so that it is not read again.

    Args:
        root: The repository.
        source: The folder; files that no page needs any more are removed.
        notebooks: The notebooks, with what they put out.
    """
    pages, alone = _pages(root), _as_they_are(root)
    places = Places(root, pages, alone)
    written: dict[str, bytes] = {}
    for page, place in pages.items():
        if not page.startswith(NOTEBOOKS):
            written[place] = places.rewritten(_body(root / page), page).encode()
    for notebook in notebooks:
        written |= notebook.files("notebooks")
    written |= {place: text.encode() for place, text in _made_pages().items()}
    demos = [place for place in alone.values() if place != "reproduction"]
    written["play.md"] = written.get("play.md", _PLAY.encode()) + "".join(map(_demo, demos)).encode()
    copied = {place: root / path for path, place in places.files.items()}
    copied |= {part: root / "docs" / part for part in ("conf.py", "_static/site.css", "_static/logo.svg")}
    for folder, place in alone.items():
        inside = [path for path in (root / folder).rglob("*") if path.is_file()]
        copied |= {f"_extra/{place}/{path.relative_to(root / folder)}": path for path in inside}
    _write(source, written | {place: path.read_bytes() for place, path in copied.items()})


def _demo(place: str) -> str:
    return _DEMO.format(place=place)


def _made_pages() -> dict[str, str]:
    """The pages that are made of other things than pages, by their place on the site."""
    return {
        "reference/steered_env.rst": library_page(),
        "reference/commands.md": commands_page(),
        **{f"reference/{package}.rst": reference_page(package) for package in PAGES},
    }


def _as_they_are(root: Path) -> dict[str, str]:
    """Folders of ``docs/`` whose HTML pages are served as they are, with their place on the site."""
    folders = {path.parent for path in (root / "docs").glob("*/*.html")}
    return {f"docs/{folder.name}": folder.name for folder in sorted(folders)}


def _pages(root: Path) -> dict[str, str]:
    """Where the site has the pages of the repository, by their path there."""
    alone = tuple(f"{folder}/" for folder in _as_they_are(root))
    pages = {f"docs/{path.relative_to(root / 'docs')}" for path in (root / "docs").rglob("*.md")}
    notebooks = sorted((root / NOTEBOOKS).glob("*.py"))
    return {
        **{f"{NOTEBOOKS}/{path.name}": f"notebooks/{path.stem}.md" for path in notebooks},
        **{page: page.removeprefix("docs/") for page in sorted(pages) if not page.startswith(alone)},
        **{f"{CARDS}/{path.name}": f"policies/{path.name}" for path in sorted((root / CARDS).glob("*.md"))},
        **{f"examples/{path.name}": f"examples/{path.stem}.md" for path in sorted((root / "examples").glob("*.py"))},
        **_PROJECT,
    }


def _body(page: Path) -> str:
    """The text of a page; of an example, what its docstring says, then its code."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".py":
        return without_front_matter(text)
    about = ast.get_docstring(ast.parse(text), clean=False) or ""
    code = text.partition(f'"""{about}"""')[2].strip()
    return f"# {page.name}\n\n{about}\n\n```python\n{code}\n```\n"


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for old in folder.rglob("*"):
        if old.is_file() and str(old.relative_to(folder)) not in files:
            old.unlink()
    for place, content in files.items():
        path = folder / place
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
