"""The carved path must be reachable."""

from __future__ import annotations

from torch import nn

from evaluation.reproduction.claim import POST, Claim, Quotation
from evaluation.reproduction.drawing import dots
from evaluation.reproduction.finding import Finding, Illustration
from evaluation.reproduction.lab import Lab, change
from evaluation.reproduction.tables import changes_table
from evaluation.reproduction.verdict import EFFECT, LITTLE, Check
from evaluation.storage import BASELINE
from steered_env import Maze, Steering, VectorError
from steered_env.simulator import WORLD_SIZE

_CELL = (WORLD_SIZE - 1, WORLD_SIZE - 1)
_LARGEST = WORLD_SIZE - 4
"""In larger mazes the corner's square would touch the maze or its corner."""
_SQUARE = "open square"


def _measure(lab: Lab) -> Finding:
    targets = lab.steerable_levels(_LARGEST)
    frame = lab.decision([BASELINE, "top_right", (_SQUARE, _square_vector)], targets)
    square, path = (change(frame, name, "reach_top_right") for name in (_SQUARE, "top_right"))
    less = change(frame, "top_right", "reach_top_right", against=_SQUARE)
    return Finding(
        checks=[
            Check("isolated square: change of P(reach corner)", square, -LITTLE, LITTLE),
            Check("path minus square: P(reach corner)", less, least=EFFECT),
        ],
        summary="The vector of an isolated open square in the world's corner changes P(reach corner) by "
        f"{square:+}; that of a path there, in the same {len(targets)} mazes, by "
        f"{path:+}.",
        tables={"changes": changes_table(frame, ["top_right", _SQUARE])},
        illustrations=[
            Illustration(
                "changes",
                "A path to the world's corner against an open square there that no path leads to.",
                dots({"": {"path": path, "isolated square": square}}, "change of P(reach corner)", zero=True),
            )
        ],
    )


def _square_vector(policy: nn.Module, maze: Maze) -> Steering:
    if maze.size > _LARGEST:
        raise VectorError(f"the square would touch {maze!r}")
    return Steering.difference(policy, maze.with_open([_CELL]), maze)


CLAIM = Claim(
    number=13,
    name="reachable-path",
    title="The path must be reachable: an isolated open square gives no such vector",
    statement="Opening a square in the top right that no path leads to, instead of carving a path, gives a vector that "
    "does not work (a footnote of the post).",
    quotations=(
        Quotation(
            "I can't just plop down an isolated empty square in the absolute top right.",
            "a footnote to Finding the top-right vector",
            POST,
        ),
    ),
    method="The activations with the world's top-right cell open minus those without, added in mazes up to size "
    f"{_LARGEST} with a decision square, beside the vector of a carved path.",
    criterion=f"The square's vector changes P(reach corner) by less than {LITTLE:g}, with the whole interval, and the "
    f"path's vector by at least {EFFECT:g} more.",
    measure=_measure,
    cost=2,
)
