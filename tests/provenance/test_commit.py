"""The commit that a package's source came from."""

from __future__ import annotations

import locale
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from steered_env.provenance import Code, commit_described
from steered_env.provenance.commit import commit_of

commit = commit_of.__wrapped__  # as another process would see it


def git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(command, env={**os.environ, **who}, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package that is committed in a repository of its own."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path / "repository" / "package"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    git(folder.parent, "init", "-q")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "-qm", "first")
    return folder


def test_it_is_clean_until_a_file_of_the_package_is_changed_or_added(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = git(package, "rev-parse", "HEAD")
    (package.parent / "results").write_text("not the package's")
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # as inside a hook of another repository
    assert commit(package) == (expected, True)
    (package / "new.py").write_text("")
    assert commit(package) == (expected, False)
    (package / "new.py").unlink()
    (package / "__init__.py").write_text("1")
    assert commit(package) == (expected, False)


def test_a_branch_has_any_name_in_any_locale(package: Path) -> None:
    git(package, "checkout", "-qb", "käse")
    usual = locale.setlocale(locale.LC_ALL)
    locale.setlocale(locale.LC_ALL, "C")
    try:
        assert commit(package) == (git(package, "rev-parse", "HEAD"), True)
    finally:
        locale.setlocale(locale.LC_ALL, usual)


def test_it_is_unknown_inside_the_repository_of_another_project(package: Path) -> None:
    installed = package.parent / ".venv" / "site-packages" / "other"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("")
    assert commit(installed) == (None, False)
    assert commit(package, installed) == (None, False)


def test_it_is_described_for_people() -> None:
    assert commit_described("pytest") == "commit unknown"  # installed, even where that is inside a clone of ours
    ours = commit_described("steered_env", "evaluation")
    assert ours in ("commit unknown", str(Code.of("steered_env.provenance.commit", "evaluation.storage.errors")))


def test_it_is_unknown_without_git_or_a_repository(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert commit(tmp_path) == (None, False)
    monkeypatch.setenv("PATH", "")
    assert commit(package) == (None, False)
