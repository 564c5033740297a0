"""The files that a browser runs."""

from __future__ import annotations

from importlib import resources

TYPES = {"index.html": "text/html", "play.js": "text/javascript", "play.css": "text/css"}


def page_file(name: str) -> str:
    """The text of one of the page's files."""
    return (resources.files(__package__) / "page" / name).read_text(encoding="utf-8")
