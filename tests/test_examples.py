"""Every example runs, prints what it promises, and nothing of the old gym."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.forked_program import ForkedProgram

EXAMPLES = Path(__file__).parent.parent / "examples"
PROMISES = {
    "gymnasium_loop.py": r"level 27: top right reached: True after \d+ steps",
    "vector_loop.py": r"\d\d+ of \d\d+ episodes ended at the cheese",
    "evaluate_policy.py": r"baseline: mean reward \d+\.\d\d, exactly \d+\.\d\d\n-cheese: mean reward",
    "ppo.py": r"cheese in 22 held-out mazes: 0\.\d\d before, 0\.\d\d after 256 steps",
    "steered_sb3_model.py": r"baseline: P\(left, to the cheese\) 0\.[89].*\n-cheese: P\(left, to the cheese\) 0\.[01]",
    "steered_cartpole.py": r"-1 \* further right: mean position \+0\.[5-9].*\n\+0.*\n\+1 .*: mean position -0\.[4-9]",
    "steered_nature_cnn.py": r"-cheese\(.*: the cheese in 0\.[12].*\nbaseline: the cheese in 0\.[67]",
    "steered_transformer.py": r"\n1 \* downward: of ten told to count up, 0 do so and 10 count down",
    "custom_vector.py": r"coefficient 2: P\(left\) 0\.[0-4]\d, P\(right\) (0\.[5-9]\d|1\.00)",
}
FEWER = {"ppo.py": ["--steps", "256", "--mice", "8"]}


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(PROMISES)


@pytest.mark.parametrize("name", PROMISES)
def test_example(name: str, tmp_path: Path) -> None:
    program = ForkedProgram(EXAMPLES / name, *FEWER.get(name, ()), folder=tmp_path)
    assert program.finish() == (0, "")
    assert re.search(PROMISES[name], program.stdout), program.stdout
    assert not list(tmp_path.iterdir())
