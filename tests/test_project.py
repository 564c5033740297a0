"""Files that say the same are in step: versions that are asked for and pinned, and the version of the project."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from steered_env import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PYTHONS = ("3.10", "3.11", "3.12")


def environment(python: str) -> dict[str, str]:
    """What markers see under a version of Python on Linux."""
    machine = {"sys_platform": "linux", "platform_machine": "x86_64", "platform_python_implementation": "CPython"}
    return {"python_version": python, "python_full_version": f"{python}.1", **machine}


def required(extras: set[str]) -> Iterator[Requirement]:
    """All that the project and some of its extras ask for, by name; an extra may ask for others."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    for requirement in map(Requirement, lines):
        if canonicalize_name(requirement.name) == PROJECT["name"]:
            assert requirement.extras <= extras
        else:
            yield requirement


@pytest.mark.parametrize("python", PYTHONS)
def test_everything_that_is_asked_for_has_one_version_that_fits(python: str) -> None:
    here = environment(python)
    pins = {}
    for pin in PINS:
        if pin.marker is None or pin.marker.evaluate(here):
            assert str(pin.specifier).startswith("=="), pin
            assert pins.setdefault(canonicalize_name(pin.name), pin) is pin, f"{pin.name} is pinned twice"
    for requirement in required(set(PROJECT["optional-dependencies"])):
        if requirement.marker is None or requirement.marker.evaluate(here):
            name = canonicalize_name(requirement.name)
            assert name in pins, f"make constraints: nothing is said of {name}"
            version = str(pins[name].specifier).removeprefix("==")
            assert requirement.specifier.contains(version), f"make constraints: {requirement}, not {version}"


def test_hooks_before_a_commit_run_the_versions_of_the_checks() -> None:
    """pre-commit installs what it runs by itself."""
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    pinned = {str(pin) for pin in PINS}
    asked = re.findall(r"\b\w[\w-]*==[\w.]+", hooks)
    assert asked
    assert set(asked) <= pinned


def test_the_version_is_that_of_the_citation_and_of_the_last_changes() -> None:
    citation, changes = ((ROOT / name).read_text(encoding="utf-8") for name in ("CITATION.cff", "CHANGELOG.md"))
    assert re.findall(r"^version: (\S+)$", citation, re.MULTILINE) == [__version__]
    assert re.findall(r"^## (\S+)", changes, re.MULTILINE)[0] == __version__
