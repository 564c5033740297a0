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
from evaluation.execution.code_that_measures import measuring_entries
from evaluation.reproduction.lab import Lab
from steered_env import ImpalaPolicy, Maze
from steered_env.provenance import code_fingerprint, entry_name
from steered_env.provenance.modules import module_called
from steered_env.provenance.reach import reached
from steered_env.steering import zero_ablation

ROOT = Path(steered_env.__file__).parents[1]
PACKAGE = {
    "__init__": """
        '''A package.'''
        import lazy_loader
        from .shapes import area
        __getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
        LIMIT = 3
        def unused(): return 1
    """,
    "__init__.pyi": "from ._later import later\nfrom . import constants\n",
    "main": """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        import numpy as np
        from . import area, later, LIMIT
        from . import constants
        if TYPE_CHECKING:
            from .drawing import draw
        OTHER = 1
        def run(side: int) -> float:
            '''Run it.'''
            from .inside import helper
            size: int = side  # a comment
            return area(size) + later() + helper(size) + constants.ONE + LIMIT + np.mean([size])
        def beside():
            return OTHER
    """,
    "shapes": """
        from math import pi
        from . import effects
        def area(side): return f"{side:>{3}}" and side * side
        def perimeter(side): return 4 * side
    """,
    "_later": "def later(): return 2\n",
    "constants": "ONE = 1\nTWO = 2\n",
    "inside": "import {package}.deep.deeper as deep\ndef helper(x): return deep.value(x)\n",
    "effects": "import warnings\nwarnings.simplefilter('ignore')\n",
    "drawing": "def draw(): return 0\n",
    "deep/__init__": "",
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
    """The fingerprint of ``main.run`` with some text of a file replaced; each in a package of its own."""
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
        texts = reached([f"{package}.main:run"])
        plain = repr(sorted(texts.items())).replace(package, "package")
        assert code_fingerprint(f"{package}.main:run") == code_fingerprint(f"{package}.main:run")
        return plain

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
        ("main", "OTHER = 1", "OTHER = 2"),
        ("main", "OTHER = 1\n", "OTHER = 1\ndef more(): return 3\n"),
        ("shapes", "4 * side", "5 * side"),
        ("__init__", "'''A package.'''", "'''Another.'''"),
        ("__init__", "return 1", "return 2"),
        ("__init__", "from .shapes import area", "from .shapes import area, perimeter"),
        ("constants", "TWO = 2", "TWO = 3"),
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
        ("__init__", "LIMIT = 3", "LIMIT = 4"),
        ("constants", "ONE = 1", "ONE = 2"),
        ("inside", "deep.value(x)", "-deep.value(x)"),
        ("effects", "'ignore'", "'error'"),
        ("deep/deeper", "* 2", "* 3"),
        ("deep/deeper", "number: int", "number: float"),
    ],
)
def test_what_counts(fingerprint_with, file: str, before: str, after: str) -> None:
    assert fingerprint_with(file, before, after) != fingerprint_with()


@pytest.mark.parametrize("entry", ["steered_env.nothing", "evaluation.measuring.job:Nothing", "no_such_package:run"])
def test_an_entry_that_is_not_there_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=entry):
        code_fingerprint(entry)


def test_all_pythons_agree() -> None:
    """The walk itself needs nothing but Python, so that versions without this project's libraries can do it."""
    entries = ("evaluation.measuring.job", "steered_env.training.ppo.training:train_ppo")
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
    found = [shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    for candidate in filter(None, found):
        if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return str(candidate)
    return None


def test_everything_that_measuring_runs_is_in_its_fingerprint(reference_policy: ImpalaPolicy, tmp_path: Path) -> None:
    """Runs are watched while they measure: every function that a worker enters must be one that counts."""
    entered: set[tuple[str, str]] = set()

    def note(frame, event: str, _argument: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if not threading.current_thread().name.startswith("ThreadPoolExecutor"):
            return  # a thread that waits for Ctrl-C
        if event == "call" and module.split(".")[0] in ("evaluation", "steered_env"):
            entered.add((module, frame.f_code.co_qualname.split(".")[0]))

    if sys.version_info < (3, 11):
        pytest.skip("this Python does not tell where a function stands")
    edits, ablation = [Maze.without_cheese], zero_ablation(channels=[1])
    threading.setprofile(note)
    try:
        conditions = ["baseline", "top_right", "-random", ("ablated", ablation)]
        evaluate(reference_policy, [0], conditions, horizon=8, workers=1, out=tmp_path)
        sampled = {"method": "sampled", "episodes": 2, "horizon": 8, "workers": 1}
        evaluate(UniformPolicy(), [0], edits=edits, **sampled)
    finally:
        threading.setprofile(None)
    counted = reached(measuring_entries(reference_policy, UniformPolicy(), ablation, *edits))
    entered = {
        (module, name)
        for module, name in entered
        if name in module_called(module).definitions
        and module != "steered_env.system.moved_modules"  # asked by Python for every module that it does not find
    }
    assert len(entered) > 30
    assert entered <= set(counted), entered - set(counted)


def test_a_claim_counts_with_what_it_measures_with_and_with_no_other_claim() -> None:
    counted = reached(["evaluation.reproduction.claims.baseline:_measure", entry_name(Lab)])
    modules = {module for module, _ in counted}
    assert ("evaluation.measuring.exact", "measure_exactly") in counted
    assert {module for module in modules if ".claims." in module} == {"evaluation.reproduction.claims.baseline"}
    assert not modules & {"evaluation.views.films", "evaluation.reproduction.page", "evaluation.cards.card"}
