from __future__ import annotations

import subprocess
import sys


def test_imports_print_nothing() -> None:
    """What keeps them silent is `import steered_env` inside of the first; for procgen see `tests/test_startup.py`."""
    code = [sys.executable, "-W", "default", "-c", "import evaluation, stable_baselines3"]
    done = subprocess.run(code, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "gym" not in (done.stdout + done.stderr).lower().replace("gymnasium", "")
    assert done.stdout == ""
