"""What is imported, and when: the command and the library are there at once, and a name is imported when it is used."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

FACES = [
    "steered_env",
    *(f"steered_env.{folder}" for folder in ("envs", "maze", "policy", "simulator", "steering", "training")),
    "evaluation",
    "evaluation.reproduction",
]
HEAVY = {"matplotlib", "pandas", "procgen", "pyarrow", "scipy", "stable_baselines3", "torch"}
PRINT_LOADED = "import sys; print(*{name.partition('.')[0] for name in sys.modules}, sep='\\n', file=sys.stderr)"


def loaded_after(code: str, *arguments: str) -> set[str]:
    """The packages that a program has imported at its end, by itself or through others."""
    program = f"try:\n    {code}\nexcept SystemExit as end:\n    assert not end.code\n{PRINT_LOADED}"
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("code", ["import steered_env", "import evaluation"])
def test_importing_the_library_imports_nothing_heavy(code: str) -> None:
    assert not loaded_after(code) & HEAVY


@pytest.mark.parametrize("arguments", [["--help"], ["table", "--help"], ["train", "--help"], ["reproduce", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    assert not loaded_after("from evaluation.cli import main; main()", *arguments) & HEAVY


DIGESTS = """
import hashlib
import numpy as np
from procgen import ProcgenGym3Env
from steered_env.simulator import MazeBatch

mazes = MazeBatch(24, renderings=True)
mazes.start_levels(range(24))
other = ProcgenGym3Env(num=8, env_name="coinrun", start_level=0, num_levels=8, rand_seed=1)
pictures = mazes.observations, mazes.renderings, other.observe()[1]["rgb"]
digests = [hashlib.sha256(np.ascontiguousarray(picture)).hexdigest() for picture in pictures]
"""


def test_environments_are_made_by_name_import_little_and_print_nothing() -> None:
    """Where nothing has imported the library yet, and where something has; nor is there the notice of the old gym.

    Tests, like the command, load the pictures of mazes alone, the library all: mazes look the same, other games do not.
    """
    code = f"""if True:
        import sys
        import gymnasium

        env = gymnasium.make("steered_env:steered_env/Maze-v0", levels=7)
        envs = gymnasium.make_vec("steered_env:steered_env/Maze-v0", num_envs=2, levels=7, max_episode_steps=9)
        print(env.reset(seed=0)[1]["level"], envs.reset(seed=0)[1]["level"].tolist(), type(envs).__name__)
        gymnasium.make("steered_env/Maze-v0", levels=0)
        print(*{HEAVY!r} & {{name.partition(".")[0] for name in sys.modules}})
        exec({DIGESTS!r})
        print(*digests)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    made, loaded, digests = done.stdout.splitlines()
    assert (made, done.stderr) == ("7 [7, 7] MazeVectorEnv", "")
    assert set(loaded.split()) == {"procgen", "scipy"}
    here: dict[str, list[str]] = {}
    exec(DIGESTS, here)
    assert [one == other for one, other in zip(here["digests"], digests.split(), strict=True)] == [True, True, False]


@pytest.mark.parametrize("face", FACES)
def test_a_face_has_the_names_that_its_stub_lists(face: str) -> None:
    module = importlib.import_module(face)
    assert set(module.__all__) == set(listed_in_stub(module))
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        value = getattr(module, name)
        assert isinstance(value, ModuleType) == (name == "simulator"), name  # and never the file of the same name
    with pytest.raises(ImportError, match="no_such_name"):
        exec(f"from {face} import no_such_name")


def listed_in_stub(face: ModuleType) -> list[str]:
    assert face.__file__ is not None
    tree = ast.parse(Path(face.__file__).with_suffix(".pyi").read_text())
    return next(ast.literal_eval(line.value) for line in tree.body if isinstance(line, ast.Assign))


@pytest.mark.parametrize("face", FACES)
def test_no_file_is_named_like_a_name_of_its_face(face: str) -> None:
    module = importlib.import_module(face)
    files = {path.stem for path in Path(module.__path__[0]).glob("*.py")}
    assert not files & set(module.__all__)
