"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def without_equals_signs(conditions: list[str] | None) -> list[str] | None:
    """Conditions without the "=" of ``-c=-cheese``, which belongs to long options only."""
    return conditions and [condition.removeprefix("=") for condition in conditions]


Policy = Annotated[str, typer.Option(help="A packaged policy, or a path: .safetensors, .pth or .zip.")]
Conditions = Annotated[
    list[str] | None,
    typer.Option(
        "--condition",
        "-c",
        help='What to compare, such as "top_right - cheese"; may be repeated; defaults to the usual ones.',
        callback=without_equals_signs,
    ),
]
Device = Annotated[
    str, typer.Option(help="Where the network runs: cpu, cuda, cuda:1, or auto, which is a GPU if there is one.")
]
Level = Annotated[int | None, typer.Option(help="Level of the maze; defaults to 0.")]
Steerings = Annotated[
    list[str] | None,
    typer.Option(
        "--steering",
        metavar="NAME=FILE",
        help="A steering from a .safetensors file, whose name is then a word of conditions; may be repeated.",
    ),
]
MazeFiles = Annotated[
    list[Path] | None,
    typer.Option("--maze", metavar="FILE", help="A maze from a text file, instead of levels; may be repeated."),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the sampled actions.")]
