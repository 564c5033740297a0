"""``steered-env table``: its options, and the files and tables that it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evaluation.results import terminal
from steered_env.system import stopped_at_once

from .options import Conditions, Device, MazeFiles, Policy, Seed, Steerings
from .parsing import load_mazes, load_steerings, parse_levels

if TYPE_CHECKING:
    from evaluation.results import Results

_TABLE = Path("results/table")
"""Default folder of a table. Finished results there are replaced, a run under way never is."""
_TABLE_FILES = ("table.md", "figure.png")
_out, _err = terminal(), terminal(stderr=True)


def table(
    levels: Annotated[
        str | None,
        typer.Option(help="Levels of the mazes: 7, or 0:100 (the end not included, the default), or 3,8,12."),
    ] = None,
    maze: MazeFiles = None,
    conditions: Conditions = None,
    steering: Steerings = None,
    policy: Policy = "small",
    out: Annotated[
        Path | None,
        typer.Option(
            help=f"The run's folder; defaults to {_TABLE}. An unfinished run there is continued, a finished one with "
            "other settings replaced, unless --out names the folder."
        ),
    ] = None,
    method: Annotated[str, typer.Option(help="How to measure: exact or sampled.")] = "exact",
    horizon: Annotated[int, typer.Option(help="Steps within which a place must be reached.")] = 256,
    episodes: Annotated[
        int | None, typer.Option(help="Episodes of each maze and condition, when sampling; defaults to 100.")
    ] = None,
    seed: Seed = 0,
    deterministic: Annotated[bool, typer.Option(help="Always take the likeliest action.")] = False,
    tolerance: Annotated[
        float | None, typer.Option(help="The most by which an exact rate may be too low; defaults to 1e-6.")
    ] = None,
    device: Device = "auto",
    workers: Annotated[int | None, typer.Option(help="Threads; defaults to one per core.")] = None,
    ray: Annotated[
        str | None, typer.Option(help="Measure on a Ray cluster: auto for the one of this machine, or host:port.")
    ] = None,
    chunk: Annotated[
        int | None, typer.Option(help="Mazes in each file of the run; defaults to a size by their number.")
    ] = None,
    other_code: Annotated[
        bool, typer.Option("--other-code", help="Go on with a run that other code began; its manifest names both.")
    ] = False,
) -> None:
    """Print a table of success rates.

    How often the mouse reaches the cheese and the top right, by condition: baseline, -cheese, top_right,
    top_right - cheese and -random by default, or baseline and each --steering. Also writes a figure and CSV. Ctrl-C and
    the same command continues.
    """
    from evaluation._evaluate import evaluate
    from evaluation.measuring import USUAL_CONDITIONS, read_conditions
    from evaluation.results import check_folder, check_free_to_save
    from evaluation.storage import BASELINE

    from .progress_bars import counting

    vectors = load_steerings(steering)
    measured = read_conditions(conditions or ((BASELINE, *vectors) if vectors else USUAL_CONDITIONS), vectors)
    if maze and levels is not None:
        raise ValueError(f"name either --levels or --maze, got levels {levels} and {maze[0]}")
    mazes = list(load_mazes(maze).values()) if maze else None
    wanted = None if mazes else parse_levels("0:100" if levels is None else levels)
    folder = check_folder(out or _TABLE)
    check_free_to_save(folder, *_TABLE_FILES)
    with counting(_err, "measuring mazes") as update:
        results = evaluate(
            policy,
            wanted,
            measured,
            mazes=mazes,
            method=method,  # type: ignore[arg-type]
            horizon=horizon,
            episodes=episodes,
            seed=seed,
            deterministic=deterministic,
            tolerance=tolerance,
            device=device,
            workers=workers,
            on_progress=update,
            out=folder,
            chunk=chunk,
            ray=ray,
            replace=out is None,
            other_code=other_code,
        )
    apart = results.with_decision_square()
    parts = {"Mazes with a decision square": apart} if len(apart.frame) else {}
    parts["All mazes"] = results
    _write(results, parts, folder)
    _print(parts, f"policy {policy}, {method} method, {horizon} steps")
    for name in (*_TABLE_FILES, "results.csv", "summary.csv"):
        _out.print(str(folder / name), highlight=False, soft_wrap=True)


def _write(results: Results, parts: Mapping[str, Results], folder: Path) -> None:
    """Write the results, and a table of each part of them."""
    from evaluation.results import results_figure, save_figure, write_text

    measured_all = f"all {results.mazes} mazes are in {folder}; the same command makes the table from there"
    with stopped_at_once(lambda: measured_all):
        results.save(folder)
        write_text(folder / "table.md", "\n".join(_markdown_section(title, part) for title, part in parts.items()))
        save_figure(results_figure(results), folder / "figure.png")


def _print(parts: Mapping[str, Results], settings: str) -> None:
    """Print a table of each part of the results, and how they were measured."""
    from evaluation.storage import BASELINE

    from .terminal_table import print_table

    for title, part in parts.items():
        print_table(_out, part, f"{title}: {part.mazes}")
        if notes := part.notes():
            _out.print(f" {notes}\n", highlight=False)
    _out.print(settings)
    with_baseline = any(BASELINE in part.conditions for part in parts.values())
    difference = "; Δ: paired difference to the baseline" if with_baseline else ""
    _out.print(f"95 % intervals over mazes{difference}; more in table.md")


def _markdown_section(title: str, results: Results) -> str:
    notes = results.notes()
    return "\n".join([f"**{title}: {results.mazes}**", "", results.to_markdown(), "", *([notes, ""] if notes else [])])
