"""The page's module is one, whatever files it is written in."""

from __future__ import annotations

import re
from pathlib import Path

from evaluation.play import page_file
from house.renew_demo import DEMO, renewed

PAGE = Path(__file__).parents[3] / "evaluation" / "play" / "page"


def test_the_module_holds_every_file_once_and_imports_nothing() -> None:
    module = page_file("play.js")
    assert not re.findall(r"^import ", module, re.MULTILINE)
    assert len(re.findall(r"^export ", module, re.MULTILINE)) == 1
    declared = re.findall(r"^(?:async )?(?:function\*?|const|let|class) (\w+)", module, re.MULTILINE)
    assert sorted(declared) == sorted(set(declared))
    for path in PAGE.glob("*.js"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert module.count(first) == 1, path.name


def test_the_demo_is_the_page_as_it_is() -> None:
    assert DEMO.read_text(encoding="utf-8") == renewed(), "python -m house.renew_demo puts it right"
