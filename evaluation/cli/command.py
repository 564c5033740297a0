"""The ``steered-env`` command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from evaluation.results import print_what_can_be_printed, terminal
from steered_env.system import stopped_at_once

from .parsing import parse_levels
from .reproduce import reproduce
from .train import train

if TYPE_CHECKING:
    from evaluation.results import Results


_out, _err = terminal(), terminal(stderr=True)


class _Commands(TyperGroup):
    """The commands; one that is interrupted ends with a line that says what is kept."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the line names."""
        try:
            with stopped_at_once(_kept_by_any, command=True):
                return super().invoke(ctx)
        except KeyboardInterrupt as stopped:
            if message := str(stopped):
                _err.print(message, highlight=False, markup=False, soft_wrap=True)
            raise typer.Exit(130) from None


def _kept_by_any() -> str:
    return "no file is half-written; the same command begins anew, or goes on with what is in its folder"


app = typer.Typer(
    cls=_Commands,
    name="steered-env",
    help="Steer a maze-solving mouse without training: tables, films, vector fields, and the post's claims.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
_WEIGHTS = "policy.safetensors"
_TABLE = Path("results/table")
"""Where a table goes whose folder nobody named: finished results there are replaced, a run under way never is."""
_TABLE_FILES = ("table.md", "figure.png")


def _without_equals_signs(conditions: list[str] | None) -> list[str] | None:
    """Conditions without the "=" of ``-c=-cheese``, which belongs to long options only."""
    return conditions and [condition.removeprefix("=") for condition in conditions]


Policy = Annotated[str, typer.Option(help="A packaged policy, or a path: .safetensors, .pth or .zip.")]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        "--condition",
        "-c",
        help='What to compare, such as "top_right - cheese"; may be repeated; the usual ones unless said.',
        callback=_without_equals_signs,
    ),
]
Level = Annotated[int, typer.Option(help="Which maze.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the sampled actions.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"steered-env {version('steered-env')}")
        raise typer.Exit


@app.callback()
def _options(
    traceback: Annotated[bool, typer.Option(help="On an error show where it came from.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    _Show.traceback = traceback


class _Show:
    traceback = False


@app.command()
def table(
    levels: Annotated[str, typer.Option(help="Which mazes: 7, or 0:100 (the end not included), or 3,8,12.")] = "0:100",
    conditions: Conditions = None,
    policy: Policy = "small",
    out: Annotated[
        Path | None,
        typer.Option(help=f"The run's folder; {_TABLE} unless said. An unfinished run there is continued."),
    ] = None,
    method: Annotated[str, typer.Option(help="exact or sampled.")] = "exact",
    horizon: Annotated[int, typer.Option(help="Steps within which a place must be reached.")] = 256,
    episodes: Annotated[int | None, typer.Option(help="Of each maze and condition, when sampling.")] = None,
    seed: Seed = 0,
    deterministic: Annotated[bool, typer.Option(help="Always take the likeliest action.")] = False,
    workers: Annotated[int | None, typer.Option(help="Threads; one for each core unless said.")] = None,
    ray: Annotated[
        str | None, typer.Option(help="Let a Ray cluster do it: auto for the one of this machine, or host:port.")
    ] = None,
    chunk: Annotated[int | None, typer.Option(help="Mazes in each file of the run; by their number.")] = None,
    other_code: Annotated[
        bool, typer.Option("--other-code", help="Go on with a run that other code began; its manifest names both.")
    ] = False,
) -> None:
    """Print a table of success rates.

    How often the mouse reaches the cheese and the top right, by condition: baseline, -cheese, top_right,
    top_right - cheese and -random unless said. Also writes a figure and CSV. Ctrl-C and the same command continues.
    """
    from evaluation._evaluate import evaluate
    from evaluation.measuring import USUAL_CONDITIONS, read_conditions
    from evaluation.results import check_folder, check_free_to_save, write_text
    from evaluation.storage import BASELINE
    from evaluation.views import results_figure, save_figure

    from .progress_bars import counting
    from .terminal_table import print_table

    measured = read_conditions(conditions or USUAL_CONDITIONS)
    wanted = parse_levels(levels)
    folder = check_folder(out or _TABLE)
    check_free_to_save(folder, *_TABLE_FILES)
    with counting(_err, "measuring mazes") as update:
        results = evaluate(
            policy,
            wanted,
            measured,
            method=method,  # type: ignore[arg-type]
            horizon=horizon,
            episodes=episodes,
            seed=seed,
            deterministic=deterministic,
            workers=workers,
            on_progress=update,
            out=folder,
            chunk=chunk,
            ray=ray,
            replace=out is None,
            other_code=other_code,
        )
    measured_all = f"all {results.mazes} mazes are in {folder}; the same command makes the table from there"
    with stopped_at_once(lambda: measured_all):
        results.save(folder)
        apart = results.with_decision_square()
        parts = {"Mazes with a decision square": apart} if len(apart.frame) else {}
        parts["All mazes"] = results
        write_text(folder / "table.md", "\n".join(_markdown_section(title, part) for title, part in parts.items()))
        save_figure(results_figure(results), folder / "figure.png")
    for title, part in parts.items():
        print_table(_out, part, f"{title}: {part.mazes}")
        if notes := part.notes():
            _out.print(f" {notes}\n", highlight=False)
    _out.print(f"policy {policy}, {method} method, {horizon} steps")
    difference = "; Δ: paired difference to the baseline" if BASELINE in results.conditions else ""
    _out.print(f"95 % intervals over mazes{difference}; more in table.md")
    for name in (*_TABLE_FILES, "results.csv", "summary.csv"):
        _out.print(str(folder / name), highlight=False, soft_wrap=True)


@app.command()
def video(
    level: Level = 0,
    conditions: Conditions = None,
    policy: Policy = "small",
    out: Annotated[Path | None, typer.Option(help=".mp4 or .gif; videos/level-N.mp4 unless said.")] = None,
    steps: Annotated[int, typer.Option(help="After which an episode is ended.")] = 256,
    seed: Seed = 0,
    deterministic: Annotated[bool, typer.Option(help="Always take the likeliest action.")] = False,
    panel: Annotated[int, typer.Option(help="Side of each maze's picture, in pixels.")] = 384,
) -> None:
    """Film the mouse under several conditions, side by side.

    They are baseline, -cheese, top_right and top_right - cheese unless said, without those that the maze has no vector
    for.
    """
    from evaluation.measuring import USUAL_CONDITIONS, those_that_exist
    from evaluation.views import record_video
    from steered_env import Maze, load_policy

    target = out or Path("videos") / f"level-{level}.mp4"
    loaded, maze = load_policy(policy), Maze.from_level(level)
    usual = USUAL_CONDITIONS[:4]
    chosen = conditions or those_that_exist(usual, loaded, maze)
    with _err.status("filming"):
        rollouts = record_video(
            loaded,
            maze,
            chosen,
            target,
            steps=steps,
            seed=seed,
            deterministic=deterministic,
            panel=panel,
        )
    if not conditions and len(chosen) < len(usual):
        missing = ", ".join(one for one in usual if one not in chosen)
        _out.print(f"left out, since level {level} has no such vector: {missing}", highlight=False)
    for rollout in rollouts:
        reached = "reached neither" if rollout.outcome == "neither" else f"reached the {rollout.outcome}"
        _out.print(f"{rollout.name}: {reached} in {rollout.steps} step{'s' * (rollout.steps != 1)}", highlight=False)
    _out.print(str(target), highlight=False, soft_wrap=True)


@app.command()
def field(
    level: Level = 0,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            "--condition", "-c", help="Drawn beside the baseline; -cheese unless said.", callback=_without_equals_signs
        ),
    ] = None,
    policy: Policy = "small",
    out: Annotated[Path | None, typer.Option(help=".png, .svg or .pdf; results/field-level-N.png unless said.")] = None,
) -> None:
    """Draw a vector field.

    Which direction the policy would choose in every cell (walls or not), facing left: baseline, condition, and their
    difference.
    """
    from evaluation.results import check_folder, make_folder
    from evaluation.views import fields_figure, save_figure, vector_field
    from steered_env import Maze, load_policy

    if condition and len(condition) > 1:
        raise ValueError(
            f"a figure shows one condition beside the baseline, got {len(condition)}: {', '.join(condition)}"
        )
    shown = condition[0] if condition else "-cheese"
    target = out or Path("results") / f"field-level-{level}.png"
    if target.suffix not in (".png", ".svg", ".pdf"):
        raise ValueError(f"a figure's name must end in .png, .svg or .pdf, got {target.name!r}")
    check_folder(target.parent)
    loaded, maze = load_policy(policy), Maze.from_level(level)
    steered = vector_field(loaded, maze, shown)
    baseline = vector_field(loaded, maze)
    make_folder(target.parent)
    save_figure(fields_figure([baseline, steered, steered.difference(baseline)], policy=policy), target)
    _out.print(str(target), highlight=False, soft_wrap=True)


app.command()(train)
app.command()(reproduce)


@app.command()
def card(
    run: Annotated[
        Path,
        typer.Argument(help=f"Folder of a training run; needs {_WEIGHTS}, which it has from its first evaluation on."),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for the card; the run's unless said.")] = None,
    name: Annotated[str, typer.Option(help="What the policy is called.")] = "policy",
) -> None:
    """Write a model card.

    How a trained policy was made, what it can do, and what steering does to it.
    """
    from evaluation.cards import write_card

    from .progress_bars import counting

    with counting(_err, "measuring mazes") as update:
        for path in write_card(run, run if out is None else out, name, update):
            _out.print(str(path), highlight=False, soft_wrap=True)


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(help="Where to look, with all that is below it.")] = Path("results"),
) -> None:
    """List the runs in a folder.

    How far each is, how fast it goes or went, and what it measures.
    """
    from evaluation.storage import find_runs, runs_table

    from .terminal_table import print_frame

    found = find_runs(folder)
    if not found:
        _out.print(f"no runs in {folder}", highlight=False, markup=False, soft_wrap=True)
        return
    print_frame(_out, runs_table(found), f"Runs in {folder}")


@app.command()
def policies(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table in Markdown.")] = False,
) -> None:
    """List the packaged policies.

    What each was trained on, how well it does, and what steering does to it.
    """
    from evaluation.cards import policies_table
    from evaluation.results import markdown_table

    from .terminal_table import print_frame

    if markdown:
        typer.echo(markdown_table(policies_table()))
        return
    print_frame(_out, policies_table(), "Packaged policies")
    _out.print("cheese: rate in held-out mazes of its own training distribution, within 256 steps, exact method")
    _out.print("Δ: what a condition changes, paired by maze, in held-out mazes with a decision square; see the cards")


def _markdown_section(title: str, results: Results) -> str:
    notes = results.notes()
    return "\n".join([f"**{title}: {results.mazes}**", "", results.to_markdown(), "", *([notes, ""] if notes else [])])


def main() -> None:
    """Run the command; an error is one clear line and a non-zero exit."""
    print_what_can_be_printed()
    try:
        app()
    except (ValueError, TypeError, OSError, RuntimeError) as error:
        if _Show.traceback:
            raise
        _err.print(f"error: {error}", style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        _err.print("interrupted")
        sys.exit(130)
