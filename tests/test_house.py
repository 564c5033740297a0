"""What the rule of the house refuses, on a small package."""

from __future__ import annotations

from pathlib import Path

import grimp
import pytest

from house.contracts import OnlyFaces

FACE = "import lazy_loader\n__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a face over two files, and a file beside that uses it."""
    name = tmp_path.name  # another one in each test: modules are imported once
    monkeypatch.syspath_prepend(tmp_path)
    files = {
        "__init__.py": "",
        "user.py": f"from {name}.inner import door",
        "inner/__init__.py": FACE,
        "inner/__init__.pyi": "from .doors import door\n",
        "inner/doors.py": "from .keys import key\ndoor = key",
        "inner/keys.py": "key = 1",
    }
    for file, text in files.items():
        path = tmp_path / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return name


def kept(package: str, **options: object) -> bool:
    contract = OnlyFaces("rule", session_options={}, contract_options={"importers": [package], **options})
    return contract.check(grimp.build_graph(package, cache_dir=None), verbose=False).kept


def test_a_house_in_order(package: str) -> None:
    assert kept(package)


def test_a_file_that_imports_its_own_face_is_found(package: str, tmp_path: Path) -> None:
    (tmp_path / package / "inner" / "keys.py").write_text(f"from {package}.inner import door")
    assert not kept(package)


def test_reaching_behind_a_face_is_found(package: str, tmp_path: Path) -> None:
    (tmp_path / package / "user.py").write_text("from .inner.keys import key")
    assert not kept(package)
    assert kept(package, ignore_imports=[f"{package}.user -> {package}.inner.keys"])
