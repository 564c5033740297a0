"""``python -m benchmarks.exact_drawing``: how the exact method pushes probability forward (docs/exact_rates.md)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from evaluation.measuring.chain import Chain, move_probabilities
from evaluation.results import save_figure
from steered_env import Maze, SteeredPolicy, cheese_vector, load_policy, top_right_vector

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

_SHOWN = (0, 7, 10, 30)
_STEPS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--level", type=int, default=52)
    parser.add_argument("--figure", type=Path, required=True)
    arguments = parser.parse_args()
    policy, maze = load_policy(), Maze.from_level(arguments.level)
    chain = Chain.of(maze)
    observations = chain.observations(range(chain.states))
    steering = top_right_vector(policy, maze) - cheese_vector(policy, maze) / 2
    history = _history(chain, SteeredPolicy(policy, steering).action_probabilities(observations))
    figure = Figure(figsize=(12.5, 3.1), layout="constrained")
    *panels, curve = figure.subplots(1, len(_SHOWN) + 1, width_ratios=[*[1.0] * len(_SHOWN), 1.4])
    for panel, step in zip(panels, _SHOWN, strict=True):
        _draw_distribution(panel, chain, history[step], f"after {step} steps" if step else "at the start")
    corner = [chain.state_of(maze.corner, facing) for facing in (False, True)]
    curve.plot(history[:, -1], label="at the cheese", color="#c78a00", linewidth=2)
    curve.plot(history[:, corner].sum(axis=1), label="in the corner", color="#2f6f8f", linewidth=2, linestyle="--")
    curve.set(xlim=(0, _STEPS), ylim=(0, 1), xlabel="steps", ylabel="probability")
    curve.legend(loc="upper right", frameon=False)
    curve.spines[["top", "right"]].set_visible(False)
    save_figure(figure, arguments.figure)


def _history(chain: Chain, probabilities: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """``(_STEPS + 1, S + 1)``: how likely the mouse is in each state, and at the cheese, after each number of steps."""
    moves = move_probabilities(probabilities[None])[0]
    history = np.zeros((_STEPS + 1, chain.states + 1))
    history[0, chain.start] = 1.0
    for step in range(_STEPS):
        arrived = np.bincount(chain.after.ravel(), (moves * history[step, :-1, None]).ravel(), chain.states + 1)
        history[step + 1] = arrived
        history[step + 1, -1] += history[step, -1]
    return history


def _draw_distribution(axes: Axes, chain: Chain, likely: NDArray[np.float64], title: str) -> None:
    """Draw over the maze how likely the mouse is in each cell: the areas of all circles add up to the same."""
    maze, side = chain.maze, len(chain.maze.walls)
    axes.imshow(maze.with_mouse(maze.start).render(), extent=(-0.5, side - 0.5, -0.5, side - 0.5), alpha=0.45)
    places = [*chain.cells] + ([maze.cheese] if maze.cheese is not None else [])
    shares = [*likely[:-1].reshape(-1, 2).sum(axis=1), likely[-1]][: len(places)]
    for (row, col), share in zip(places, shares, strict=True):
        if share > 0.002:
            axes.scatter(col, row, s=380 * share, color="#b3202c", edgecolor="white", linewidth=0.6, zorder=3)
    rows, cols = np.nonzero(~maze.walls)
    axes.set(xlim=(cols.min() - 1.5, cols.max() + 1.5), ylim=(rows.min() - 1.5, rows.max() + 1.5))
    axes.set_title(title, fontsize=11)
    axes.set_axis_off()


if __name__ == "__main__":
    main()
