"""The files that a browser runs: a page, a stylesheet, and one module, joined from the files it is written in."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

TYPES = {"index.html": "text/html", "play.js": "text/javascript", "play.css": "text/css"}
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async |function|const|let|class)", re.MULTILINE)


@lru_cache(maxsize=len(TYPES))
def page_file(name: str) -> str:
    """The text of one of the page's files; of the module with all that it imports in it."""
    return _joined(name) if name.endswith(".js") else _text(name)


def _joined(entry: str) -> str:
    """A module and the modules of its folder that it imports, as one: each once, after those that it needs itself.

    An import there names what it takes (``import { a } from "./b.js";``, under the name that it has) and an export
    stands before a declaration. No two files may declare the same name.
    """
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        parts[name] = ""  # a circle ends here
        text = _text(name)
        for imported in _IMPORT.findall(text):
            if imported not in parts:
                add(imported)
        del parts[name]
        parts[name] = _IMPORT.sub("", text if name == entry else _EXPORT.sub("", text))

    add(entry)
    return "\n".join(parts.values())


def _text(name: str) -> str:
    return (resources.files(__package__) / "page" / name).read_text(encoding="utf-8")
