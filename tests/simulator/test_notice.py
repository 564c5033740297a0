from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "code",
    [
        "import evaluation, stable_baselines3",  # what keeps it silent is `import steered_env` inside of it
        "import steered_env; steered_env.Maze.from_level(0).observe()",
    ],
)
def test_imports_print_nothing(code: str) -> None:
    done = subprocess.run([sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "gym" not in (done.stdout + done.stderr).lower().replace("gymnasium", "")
    assert done.stdout == ""
