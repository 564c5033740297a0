"""Every example runs, prints what it promises, and nothing of the old gym."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
PROMISES = {
    "gymnasium_loop.py": r"level 27: top right reached: True after \d+ steps",
    "vector_loop.py": r"\d\d+ of \d\d+ episodes ended at the cheese",
    "evaluate_policy.py": r"baseline: mean reward \d+\.\d\d, exactly \d+\.\d\d\n-cheese: mean reward",
    "ppo.py": r"cheese in 22 held-out mazes: 0\.\d\d before, 0\.\d\d after 1024 steps",
    "steered_sb3_model.py": r"baseline: P\(left, to the cheese\) 0\.[89].*\n-cheese: P\(left, to the cheese\) 0\.[01]",
    "steered_cartpole.py": r"-1 \* further right: mean position \+0\.[5-9].*\n\+0.*\n\+1 .*: mean position -0\.[4-9]",
    "steered_nature_cnn.py": r"-cheese\(.*: the cheese in 0\.[12].*\nbaseline: the cheese in 0\.[67]",
    "steered_transformer.py": r"\n1 \* downward: of ten told to count up, 0 do so and 10 count down",
    "custom_vector.py": r"coefficient 2: P\(left\) 0\.[0-4]\d, P\(right\) (0\.[5-9]\d|1\.00)",
}
RUN_EACH = """
import os, runpy, sys
import matplotlib.figure, pandas, scipy.stats, torch

assert not {"gym", "steered_env", "stable_baselines3"} & set(sys.modules)
status = 0
for command in sys.argv[1:]:
    script, *arguments = command.split()
    name = os.path.basename(script)
    if child := os.fork():
        status |= os.waitpid(child, 0)[1]
        continue
    for number, stream in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{name}.{stream}", os.O_CREAT | os.O_WRONLY), number)
    os.mkdir(f"{name}.folder")
    os.chdir(f"{name}.folder")
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")
    break
else:
    sys.exit(bool(status))
"""
"""Runs each script in a process of its own, all forked from one in which what takes long to import is imported."""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what each example wrote."""
    folder = tmp_path_factory.mktemp("examples")
    commands = [f"{EXAMPLES / name}{' --steps 1024' * (name == 'ppo.py')}" for name in PROMISES]
    subprocess.run([sys.executable, "-c", RUN_EACH, *commands], cwd=folder, check=False, timeout=900)
    return folder


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(PROMISES)


@pytest.mark.parametrize("name", PROMISES)
def test_example(outputs: Path, name: str) -> None:
    assert (outputs / f"{name}.stderr").read_text(encoding="utf-8") == ""
    printed = (outputs / f"{name}.stdout").read_text(encoding="utf-8")
    assert re.search(PROMISES[name], printed), printed
    assert not list((outputs / f"{name}.folder").iterdir())
