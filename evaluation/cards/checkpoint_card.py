"""The card of a checkpoint of unknown making: what steering does to it, and how well it finds its way, in few mazes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation._evaluate import evaluate
from evaluation.measuring import FIRST_LOOK_LEVELS, USUAL_CONDITIONS, those_that_exist
from evaluation.results import Results, make_folder, mean_interval, policy_name, save_figure, write_text
from evaluation.views import fields_figure, record_video, vector_field
from steered_env import ImpalaPolicy, Maze, load_policy
from steered_env.policy import choose_device
from steered_env.system import refuse_foreign_files
from steered_env.training import move_accuracy

from .templates import render

_REGION = 5
"""Side of the region of the cheese in the examples: that of the published networks' best known one."""
_EXAMPLE_LEVELS = range(500)
_SHOWN = 0
_SHOWN_CONDITION = "top_right - cheese"
_STEPS, _PANEL = 128, 192


def write_checkpoint_card(
    policy: str | os.PathLike[str], out: Path, on_progress: Callable[[int, int], None], *, device: str = "auto"
) -> list[Path]:
    """Measure any policy in sixteen mazes, and write a page with its table, a field, a film and its accuracy by size.

    Args:
        policy: Name of a packaged policy, or the path of a checkpoint.
        out: Folder of the page; made if it is not there.
        on_progress: Called with (mazes done, mazes in all).
        device: Where the network runs, as for `evaluate`.

    Returns:
        The files: ``NAME.md``, ``NAME-field.png``, ``NAME-film.gif`` and ``NAME-table.csv``, where NAME is that of the
        policy without its folder.

    Raises:
        FileNotFoundError: if there is no such policy.
        FileExistsError: if a file of another origin would be written over.
    """
    shown_name = policy_name(os.fspath(policy))
    stem = Path(shown_name).stem
    names = [f"{stem}-table.csv", f"{stem}.md", f"{stem}-field.png", f"{stem}-film.gif"]
    loaded = load_policy(policy, device=choose_device(device))
    refuse_foreign_files(out, names[1:], marker=names[0])
    folder = make_folder(out)
    table, page, figure, film = (folder / name for name in names)
    results = evaluate(loaded, FIRST_LOOK_LEVELS, USUAL_CONDITIONS, device=device, on_progress=on_progress)
    write_text(table, results.summary().to_csv(index=False))
    maze = Maze.from_level(_SHOWN)
    baseline, steered = vector_field(loaded, maze), vector_field(loaded, maze, _SHOWN_CONDITION)
    save_figure(fields_figure([baseline, steered, steered.difference(baseline)], policy=shown_name), figure)
    filmed = those_that_exist(USUAL_CONDITIONS[:4], loaded, maze)
    record_video(loaded, maze, filmed, film, steps=_STEPS, panel=_PANEL)
    values = {"name": shown_name, "filmed": filmed, "table": table.name, "figure": figure.name, "film": film.name}
    write_text(page, render("checkpoint.md.jinja", **values, **_measured(loaded, results)))
    return [page, table, figure, film]


def _measured(policy: ImpalaPolicy, results: Results) -> dict[str, Any]:
    """What the page says in numbers; the accuracy by size is measured here."""
    held_out = move_accuracy(policy, cheese_region=_REGION, levels=_EXAMPLE_LEVELS)
    unsteered = results.frame.query("condition == 'baseline'")
    sizes = [(size, f"{share:.0%}", count) for size, (share, count) in held_out.by_size.items()]
    return {
        "width": policy.width,
        "parameters": sum(parameter.numel() for parameter in policy.parameters()),
        "mazes": len(FIRST_LOOK_LEVELS),
        "levels": ", ".join(map(str, FIRST_LOOK_LEVELS)),
        "results": results,
        "rate": mean_interval(unsteered["reach_cheese"]),
        "accuracy": held_out.accuracy,
        "by_size": pd.DataFrame(sizes, columns=["size", "correct moves", "examples"]),
        "region": _REGION,
        "examples": len(_EXAMPLE_LEVELS),
        "shown": _SHOWN,
        "shown_condition": _SHOWN_CONDITION,
    }
