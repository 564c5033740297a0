"""The commit that the source of a package came from, as far as there is one."""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path

_TIMEOUT_S = 20.0
_OID = "# branch.oid "


@functools.cache
def commit_of(*folders: Path) -> tuple[str | None, bool]:
    """The commit that is checked out where packages' source lies, and whether their files are as in it.

    Only of a repository that keeps the packages themselves: a package that is installed inside the folder of another
    project, or from an archive, has no commit. The working directory does not matter, nor do other files.

    Args:
        folders: Folders of packages.

    Returns:
        40 hexadecimal digits, and whether no file of the packages was changed or added since; (None, False) where there
        is no such repository or no git.
    """
    if not folders:
        return None, False
    names = [str(folder) for folder in folders]
    tracked = [str(folder / "__init__.py") for folder in folders]
    try:
        _git(folders[0], "ls-files", "--error-unmatch", "--", *tracked)
        lines = _git(folders[0], "status", "--porcelain=v2", "--branch", "--", *names).splitlines()
    except (OSError, subprocess.SubprocessError, ValueError):
        return None, False
    commits = [line.removeprefix(_OID) for line in lines if line.startswith(_OID)]
    if not commits or not commits[0].isalnum():  # nothing is committed yet
        return None, False
    return commits[0], all(line.startswith("#") for line in lines)


def _git(folder: Path, *arguments: str) -> str:
    """Run a git command that changes nothing in the repository around a folder, and return its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**environment, "GIT_OPTIONAL_LOCKS": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=_TIMEOUT_S,
        encoding="utf-8",
        errors="replace",  # names of branches and files, in whatever locale
    ).stdout
