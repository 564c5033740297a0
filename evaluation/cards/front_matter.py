"""The YAML front matter of a model card, as model hubs read it: a ``model-index`` with the measured rates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluation.results import write_text
from steered_env.policy import read_metadata

from .measurements import MEASURED
from .templates import render

_MEASURES = {
    "reach_cheese": "probability to reach the cheese within 256 steps (exact)",
    "reach_top_right": "probability to reach the top-right corner before the cheese within 256 steps (exact)",
}
_FENCE = "---\n"
_WHOLE_WORLD = 25


def front_matter(name: str, metadata: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    """Write the front matter of a card.

    Args:
        name: Name of the policy.
        metadata: What is kept with its weights of its training.
        measured: What is kept with its weights of its card, see `Measurements.summary`.

    Returns:
        YAML between its two fences.
    """
    region, sizes = measured["cheese_region"], measured["sizes"]
    kind = f"procgen maze (hard), sizes {', '.join(map(str, sizes))}" if sizes else "procgen maze (hard)"
    place = "anywhere" if region >= _WHOLE_WORLD else f"in the top-right {region}×{region}"
    return render(
        "front_matter.jinja",
        name=name,
        algorithm=metadata.get("algorithm", "imitation"),
        own_mazes=f"{kind}, held-out mazes with the cheese {place}",
        apart=f"{kind}, held-out mazes with a decision square, the cheese where procgen puts it",
        rate=measured["cheese_rate"][0],
        move_accuracy=measured["move_accuracy"],
        effects=measured["effects"],
        measures=_MEASURES,
    )


def without_front_matter(card: str) -> str:
    """Return a card from its title on."""
    if not card.startswith(_FENCE):
        return card
    return card[len(_FENCE) :].partition(f"\n{_FENCE}")[2]


def write_front_matter(weights: Path) -> Path:
    """Write the front matter of a card anew, from what is kept with the weights beside it.

    Args:
        weights: The policy's ``.safetensors``; its card lies beside it.

    Returns:
        The card.

    Raises:
        FileNotFoundError: if one of the two is not there.
        KeyError: if the weights were kept without a card's numbers.
    """
    card, metadata = weights.with_suffix(".md"), read_metadata(weights)
    text = without_front_matter(card.read_text(encoding="utf-8"))
    write_text(card, front_matter(weights.stem, metadata, metadata[MEASURED]) + text)
    return card
