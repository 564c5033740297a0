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
    "custom_vector.py": r"coefficient 2: P\(left\) 0\.[0-4]\d, P\(right\) (0\.[5-9]\d|1\.00)",
}


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(PROMISES)


@pytest.mark.parametrize("name", PROMISES)
def test_example(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / name), *(["--steps", "1024"] if name == "ppo.py" else [])]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr
    assert re.search(PROMISES[name], done.stdout), done.stdout
    assert done.stderr == ""
    assert not list(tmp_path.iterdir())
