"""Try a wheel as somebody has it who installed it: alone, then with each extra."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

_MOST_BYTES = 12_000_000
_FEW = ("--levels", "0:2", "--horizon", "4")
COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "play": (("--bundle", "page", "--level", "58"),),  # to serve one needs an extra
    "table": (_FEW, ("--levels", "0", "--horizon", "1", "-c", "baseline", "--policy", "full", "--out", "full")),
    "video": (("--steps", "2", "--panel", "64", "-c", "baseline"),),
    "field": (("--level", "7"),),
    "train": (("--out", "run", "--examples", "128", "--batch-size", "32", "--rate-levels", "1"),),
    "card": (("--help",),),  # to measure one takes many minutes
    "runs": ((".",),),
    "policies": ((),),
    "reproduce": (("--quick", "--levels", "0:6", "--claims", "baseline"),),
}
"""Each command of the wheel, with what it is run with, in this order in one folder."""
_PPO = ("train", "--algorithm", "ppo", "--out", "ppo", "--steps", "16", "--num-envs", "2", "--n-steps", "8")
_RAY = ("table", *_FEW, "--out", "ray", "--ray", "127.0.0.1:9")
_COMPONENT = ("table", *_FEW, "--out", "component", "-c", 'cheese(levels="0:4", component=1)')
_SERVE = ("play", "--no-browser", "--port", "0")
NEEDS = {"sb3": (*_PPO, "--sizes", "3", "--rate-levels", "2"), "ray": _RAY, "analysis": _COMPONENT, "play": _SERVE}
"""What needs an extra, by the extra's name."""
_ENDLESS = "play"
"""The extra with which its command would not end."""
PROGRAMS = {
    "play": "from evaluation import MazeWidget, play; from steered_env import Maze; MazeWidget().close(); "
    "play.application(play.Session(Maze.from_level(6)))",
    "sb3": "from steered_env.sb3 import MazeVecEnv; MazeVecEnv(1, levels=range(9))",
    "analysis": "import steered_env as s; s.activations(s.load_policy(), [s.Maze.from_level(3)])",
}
"""Lines of Python that need an extra, by the extra's name."""
IMPORTS = {"record": "moviepy.editor"}
"""What the other extras bring for programs of one's own."""


class Environment:
    """A folder with Python, into which a wheel is installed.

    Args:
        folder: The virtual environment; it is made where it is not there.
        constraints: The versions that are installed.
    """

    def __init__(self, folder: Path, constraints: Path) -> None:
        self._bin, self._constraints = folder / "bin", constraints
        if not folder.exists():
            venv.create(folder, with_pip=True)

    def install(self, *packages: str) -> None:
        """Install packages from where pip finds them."""
        command = [str(self._bin / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, "--constraint", str(self._constraints), *packages], check=True)

    def run(self, program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in a folder, where no clone can be imported."""
        command = [str(self._bin / program), *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def try_alone(environment: Environment, folder: Path) -> None:
    """Run every command without extras.

    Raises:
        SystemExit: if one fails, or has no arguments in `COMMANDS`; or what needs an extra says so in more than a line.
    """
    listed = "from evaluation.cli.command import app; import typer; print(*typer.main.get_command(app).commands)"
    names = environment.run("python", "-c", listed, folder=folder).stdout.split()
    if sorted(names) != sorted(COMMANDS):
        sys.exit(f"the wheel has the commands {', '.join(names)}, {__name__} knows {', '.join(COMMANDS)}")
    version = environment.run("steered-env", "--version", folder=folder)
    _check(version, "commit unknown" in version.stdout)
    for name, runs in COMMANDS.items():
        for arguments in runs:
            done = environment.run("steered-env", name, *arguments, folder=folder)
            _check(done, done.returncode == 0)
    for extra, command in NEEDS.items():
        done = environment.run("steered-env", *command, folder=folder)
        _check(done, done.returncode == 1 and f".[{extra}]" in done.stderr and done.stderr.count("\n") == 1)
    for extra, program in PROGRAMS.items():
        done = environment.run("python", "-c", program, folder=folder)
        last = done.stderr.strip().rpartition("\n")[2]
        _check(done, done.returncode == 1 and "MissingExtraError" in last and f".[{extra}]" in last)
    left_out = environment.run("steered-env", "table", "--policy", "small-7", "--out", "seven", folder=folder)
    _check(left_out, left_out.returncode == 1 and "small-7.safetensors" in left_out.stderr)


def try_extra(environment: Environment, extra: str, folder: Path) -> None:
    """Run what an extra is for, in an environment that has it.

    Raises:
        SystemExit: if the extra is still missed.
    """
    if extra in NEEDS and extra != _ENDLESS:
        done = environment.run("steered-env", *NEEDS[extra], folder=folder)
        nobody_listens = extra == "ray" and "127.0.0.1:9" in done.stderr
        _check(done, f".[{extra}]" not in done.stderr and (done.returncode == 0 or nobody_listens))
    programs = {**PROGRAMS, **{name: f"import steered_env, {module}" for name, module in IMPORTS.items()}}
    if extra in programs:
        done = environment.run("python", "-c", programs[extra], folder=folder)
        _check(done, done.returncode == 0)


def _check(done: subprocess.CompletedProcess[str], as_it_should: bool) -> None:
    line = " ".join(Path(word).name if "/" in word else word for word in done.args)
    if not as_it_should:
        sys.exit(f"{line} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    sys.stdout.write(f"ok  {line[:100]}\n")
    sys.stdout.flush()


def main() -> None:
    """Try the wheel that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--environment", type=Path, help="one that has the wheel and no extras; no extra is tried")
    options = parser.parse_args()
    wheel: Path = options.wheel.resolve()
    if (size := wheel.stat().st_size) > _MOST_BYTES:
        sys.exit(f"{wheel.name} has {size:,} bytes, more than {_MOST_BYTES:,}: leave out weights in pyproject.toml")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "work"
        folder.mkdir()
        environment = Environment(options.environment or Path(temporary) / "venv", Path("constraints.txt").resolve())
        if options.environment is None:
            environment.install(str(wheel))
        try_alone(environment, folder)
        for extra in [] if options.environment else [*NEEDS, *IMPORTS]:
            environment.install(f"{wheel}[{extra}]")
            try_extra(environment, extra, folder)


if __name__ == "__main__":
    main()
