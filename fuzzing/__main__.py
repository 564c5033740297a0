"""``python -m fuzzing``: feed random inputs to everything that reads what others wrote, and say what came of it."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from . import checkpoints, conditions, edits, log, states
from .run import Report, run
from .target import Target

TARGETS: dict[str, Target] = {
    target.name: target for target in (edits.TARGET, states.TARGET, *checkpoints.TARGETS, conditions.TARGET)
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzzing", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="TARGET", help=f"some of {', '.join(TARGETS)}; defaults to all")
    parser.add_argument("--count", type=int, help="inputs of each target; defaults to those of the long run")
    parser.add_argument("--first", type=int, default=0, help="index of the first input")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path, help="where the log goes, beside the terminal")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.what if name not in TARGETS]:
        parser.error(f"unknown target {unknown[0]!r}, known are {', '.join(TARGETS)}")
    return arguments


def main() -> int:
    arguments = _arguments()
    command = shlex.join(["python", "-m", "fuzzing", *sys.argv[1:]])
    reports: list[Report] = []
    for name in arguments.what or TARGETS:
        target = TARGETS[name]
        count = target.count if arguments.count is None else arguments.count
        report = run(target, arguments.seed, arguments.first, count)
        reports.append(report)
        print(f"{name}: {count:,} inputs, {len(report.findings)} findings, {report.seconds:.0f} s", flush=True)
        if arguments.log is not None:
            arguments.log.write_text(log.write(reports, command, arguments.seed), encoding="utf-8")
    print("\n" + log.write(reports, command, arguments.seed))
    return 1 if any(report.findings for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
