"""The fingerprint of code: it changes with what runs, and with nothing else."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import steered_env
from evaluation import UniformPolicy, evaluate
from evaluation.execution.code_that_measures import measuring_modules
from steered_env import ImpalaPolicy, Maze
from steered_env.provenance import code_fingerprint
from steered_env.provenance.source import modules_reached, path_of
from steered_env.steering import zero_ablation

ROOT = Path(steered_env.__file__).parents[1]
PACKAGE = {
    "__init__": """
        '''A package.'''
        import lazy_loader
        from .shapes import area
        __getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
        def unused(): return 1
    """,
    "__init__.pyi": "from ._later import later\nfrom .drawing import draw\nfrom . import constants\n",
    "main": """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        import numpy as np
        from . import area, later
        from .deep import LIMIT
        from . import constants
        if TYPE_CHECKING:
            from .drawing import draw
        def run(side: int) -> float:
            '''Run it.'''
            from .inside import helper
            size: int = side  # a comment
            return area(size) + later() + helper(size) + constants.ONE + LIMIT + np.mean([size])
    """,
    "shapes": """
        from math import pi
        from . import effects
        def area(side): return f"{side:>{3}}" and side * side
    """,
    "_later": "def later(): return 2\n",
    "constants": "ONE = 1\n",
    "inside": "import {package}.deep.deeper as deep\ndef helper(x): return deep.value(x)\n",
    "effects": "import warnings\nwarnings.simplefilter('ignore')\n",
    "drawing": "def draw(): return 0\n",
    "deep/__init__": "LIMIT = 3\n",
    "deep/deeper": """
        from dataclasses import dataclass
        @dataclass
        class Value:
            '''A value.'''
            number: int
            def doubled(self) -> int:
                return self.number * 2
        def value(x): return Value(x).doubled()
    """,
}
_numbers = itertools.count()


@pytest.fixture
def fingerprint_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the fingerprint of ``main`` is made of, with some text of a file replaced; each in a package of its own."""
    monkeypatch.syspath_prepend(tmp_path)

    def fingerprint(file: str = "main", before: str = "", after: str = "") -> str:
        package = f"made_up_{next(_numbers)}"
        for name, text in PACKAGE.items():
            path = tmp_path / package / (name if name.endswith(".pyi") else f"{name}.py")
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = text.splitlines()
            text = "\n".join(line.removeprefix("        ") for line in lines) + "\n"
            assert name != file or before in text
            text = text.replace(before, after) if name == file else text
            path.write_text(text.replace("{package}", package))
        return repr(sorted(modules_reached([f"{package}.main"]).items())).replace(package, "package")

    return fingerprint


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("main", "# a comment", "# another"),
        ("main", "'''Run it.'''", ""),
        ("main", "side: int", "side: float"),
        ("main", "-> float", ""),
        ("main", "size: int = side", "size = side"),
        ("main", "area(size) + later()", "(area( size )\n            + later())"),
        ("main", "from .drawing import draw", "from .drawing import draw, nothing"),
        ("__init__", "'''A package.'''", "'''Another.'''"),
        ("__init__", "return 1", "return 2"),
        ("__init__.pyi", "from .drawing import draw\n", ""),
        ("drawing", "return 0", "return 1"),
        ("deep/deeper", "'''A value.'''", "pass"),
        ("deep/deeper", "-> int", ""),
    ],
)
def test_what_does_not_count(fingerprint_with, file: str, before: str, after: str) -> None:
    assert fingerprint_with(file, before, after) == fingerprint_with()


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("main", "area(size) + later()", "area(size) - later()"),
        ("main", "[size]", "[size, 1]"),
        ("main", "import numpy as np", "import scipy as np"),
        ("shapes", "side * side", "side + side"),
        ("shapes", ">{3}", ">{4}"),
        ("_later", "return 2", "return 3"),
        ("__init__.pyi", "from ._later import later", "from .drawing import draw as later"),
        ("deep/__init__", "LIMIT = 3", "LIMIT = 4"),
        ("constants", "ONE = 1", "ONE = 2"),
        ("inside", "deep.value(x)", "-deep.value(x)"),
        ("effects", "'ignore'", "'error'"),
        ("deep/deeper", "* 2", "* 3"),
        ("deep/deeper", "number: int", "number: float"),
    ],
)
def test_what_counts(fingerprint_with, file: str, before: str, after: str) -> None:
    assert fingerprint_with(file, before, after) != fingerprint_with()


@pytest.mark.parametrize("entry", ["steered_env.nothing", "evaluation.measuring.nothing", "no_such_package"])
def test_an_entry_that_is_not_there_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=entry):
        code_fingerprint(entry)


def test_all_pythons_agree() -> None:
    """The walk itself needs nothing but Python, so that versions without this project's libraries can do it."""
    entries = ("evaluation.measuring.job", "steered_env.training.ppo.training")
    program = f"from provenance import code_fingerprint; print(code_fingerprint(*{entries}))"
    seen = {}
    for version in ("3.10", "3.11", "3.12"):
        python = sys.executable if sys.version.startswith(version) else _python(version)
        if python is not None:
            path = {"PYTHONPATH": f"{ROOT / 'steered_env'}:{ROOT}"}
            run = subprocess.run([python, "-c", program], env=path, capture_output=True, text=True, check=True)
            seen[version] = run.stdout
    if len(seen) < 2:
        pytest.skip("there is one Python only")
    assert len(set(seen.values())) == 1, seen


def _python(version: str) -> str | None:
    """A Python of a version that works, where there is one."""
    candidates = [shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    for candidate in filter(None, candidates):
        if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return str(candidate)
    return None


def test_everything_that_measuring_runs_is_in_its_fingerprint(reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    """Runs are watched while they measure: every module that a worker enters must be one that counts."""
    entered: set[str] = set()

    def note(frame, event: str, _argument: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if not threading.current_thread().name.startswith("ThreadPoolExecutor"):
            return  # a thread that waits for Ctrl-C
        if event == "call" and module.split(".")[0] in ("evaluation", "steered_env"):
            entered.add(module)

    edits, ablation = [Maze.without_cheese], zero_ablation(channels=[1])
    threading.setprofile(note)
    try:
        conditions = ["baseline", "top_right", "-random", ("ablated", ablation)]
        evaluate(reference_policy, [0], conditions, horizon=8, workers=1, out=tmp_path)
        sampled = {"method": "sampled", "episodes": 2, "horizon": 8, "workers": 1}
        evaluate(UniformPolicy(), [0], edits=edits, **sampled)
    finally:
        threading.setprofile(None)
    counted = modules_reached(measuring_modules(reference_policy, UniformPolicy(), ablation, *edits))
    entered.discard("steered_env.system.moved_modules")  # asked by Python for every module that it does not find
    entered = {module for module in entered if path_of(module).name != "__init__.py"}
    assert len(entered) > 15
    assert entered <= set(counted), entered - set(counted)


def test_a_claim_counts_with_what_it_measures_with_and_with_no_other_claim() -> None:
    counted = set(modules_reached(["evaluation.reproduction.claims.baseline", "evaluation.reproduction.lab"]))
    assert "evaluation.measuring.exact" in counted
    assert {module for module in counted if ".claims." in module} == {"evaluation.reproduction.claims.baseline"}
    assert not counted & {"evaluation.views.films", "evaluation.reproduction.page", "evaluation.cards.card"}
