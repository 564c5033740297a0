"""What only an extra brings is missed in one line that names the extra, wherever it is imported."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from steered_env import Maze, activations, load_policy, principal_components
from steered_env.system import MissingExtraError

ROOT = Path(__file__).parent.parent.parent
BROUGHT_BY = {
    "anywidget": "play",
    "pydantic": "play",
    "starlette": "play",
    "uvicorn": "play",
    "captum": "analysis",
    "moviepy": "record",
    "ray": "ray",
    "sklearn": "analysis",
    "stable_baselines3": "sb3",
    "tensorboard": "sb3",
    "torch.utils.tensorboard": "sb3",
    "websockets": "play",
    "xarray": "analysis",
}


def hide(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a package be missed as if nobody had installed it."""
    for name in [package, *(name for name in sys.modules if name.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize(
    "module", ["steered_env.sb3.vec_env", "steered_env.sb3.extractor", "evaluation.sb3.reach_rates"]
)
def test_a_module_that_stands_on_an_extra(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hide("stable_baselines3", monkeypatch)
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(MissingExtraError, match=r"stable_baselines3.*'\.\[sb3\]'"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_a_function_that_needs_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    hide("xarray", monkeypatch)
    with pytest.raises(MissingExtraError, match=r"xarray.*'\.\[analysis\]'"):
        activations(load_policy(), [Maze.from_level(3)])
    hide("sklearn", monkeypatch)
    maze = Maze.from_level(3)
    with pytest.raises(MissingExtraError, match=r"sklearn.*'\.\[analysis\]'"):
        principal_components(load_policy(), [(maze, maze.without_cheese())])


def imports(node: ast.AST, extra: str | None = None) -> Iterator[tuple[str, str | None]]:
    """What runs of the imports in some code, each with the extra of the block ``with needing(extra):`` around it."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.With) and (said := ast.unparse(node.items[0])).startswith("needing("):
        extra = said.removeprefix("needing('").removesuffix("')")
    if isinstance(node, ast.Import):
        yield from ((alias.name, extra) for alias in node.names)
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module, extra
    for child in ast.iter_child_nodes(node):
        yield from imports(child, extra)


def test_every_import_of_an_extra_says_which() -> None:
    count = 0
    for path in [path for folder in ("steered_env", "evaluation") for path in (ROOT / folder).rglob("*.py")]:
        for module, extra in imports(ast.parse(path.read_text(encoding="utf-8"))):
            for package, bringer in BROUGHT_BY.items():
                if f"{module}.".startswith(f"{package}."):
                    count += 1
                    assert extra == bringer, f"{path.relative_to(ROOT)} imports {module}"
    assert count >= 10
