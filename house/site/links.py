"""Links of pages, which are written for the repository, as the site needs them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

_LINK = re.compile(r"(?P<before>!?\[(?:[^\[\]]|\[[^\[\]]*\])*\])\((?P<target>[^()\s#]*)(?P<anchor>#[^()\s]*)?\)")
_FENCE = re.compile(r"(^ *```.*?^ *```$)", re.MULTILINE | re.DOTALL)


class Places:
    """Where the files of the repository are on the site.

    Args:
        root: The repository.
        pages: The pages, by their path in the repository, with their path on the site.
        as_they_are: Folders of the repository whose HTML pages are served as they are, with their folder on the site.
    """

    def __init__(self, root: Path, pages: Mapping[str, str], as_they_are: Mapping[str, str]) -> None:
        self._root, self._pages, self._as_they_are = root, pages, as_they_are
        self.files: dict[str, str] = {}
        """Files that pages link to and that are no pages: by their path in the repository, where the site has them."""

    def rewritten(self, text: str, page: str) -> str:
        """Return the text of a page, with the links to files of the repository leading to their places on the site.

        Args:
            text: Markdown.
            page: Path of the page in the repository.
        """
        parts = _FENCE.split(text)
        parts[::2] = [_LINK.sub(lambda match: self._link(match, page), part) for part in parts[::2]]
        return "".join(parts)

    def _link(self, match: re.Match[str], page: str) -> str:
        before, target, anchor = match["before"], match["target"], match["anchor"] or ""
        if not target or ":" in target:
            return match[0]
        path = os.path.normpath(Path(page).parent / target)
        if not (self._root / path).exists():
            return match[0]  # a page that is made of other things; what leads nowhere Sphinx finds
        folder = next((name for name in self._as_they_are if path.startswith(f"{name}/")), None)
        if folder is not None and path.endswith(".html"):
            place = self._as_they_are[folder] + path.removeprefix(folder)
            return f'<a href="{self._from(page, place)}">{before[1:-1]}</a>'
        if path not in self._pages:
            self.files.setdefault(path, f"files/{path}")
        return f"{before}({self._from(page, self._pages.get(path) or self.files[path])}{anchor})"

    def _from(self, page: str, place: str) -> str:
        return os.path.relpath(place, Path(self._pages[page]).parent)
